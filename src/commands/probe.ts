import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { ProbedResource } from '../transfer/finding/probe.js';
import { display } from '../ui/display.js';
import { type AccountFlags, addAccountOptions, requireAccount } from './account/account-options.js';
import type { Context, OutputFlags } from './context.js';
import { addExamples } from './help/examples.js';
import { addOutputOptions } from './options.js';

type ProbeFlags = AccountFlags & OutputFlags;

export function addProbeCommand(program: Command, context: Context): void {
  const command = program
    .command('probe')
    .summary('show how a JID would get a file')
    .description(
      'Prints who of a JID is online and seen: JID, program, ways to send it files, round trip, and the way that send ' +
        'would choose, with tabs. Sends no file, and proposes none.',
    )
    .argument('<jid>', 'bare: all its resources; full, or a domain: that one');
  addOutputOptions(addAccountOptions(command)).action((jid: string, flags: ProbeFlags) =>
    probeJid(jid, flags, context),
  );
  addExamples(command, [
    'inband probe juliet@example.org',
    'inband probe -v juliet@example.org/balcony',
    "inband probe --json juliet@example.org | jq -r 'select(.via).peer'",
  ]);
}

async function probeJid(jid: string, flags: ProbeFlags, context: Context): Promise<void> {
  const reporter = await context.reporter(flags);
  const { receiverOf } = await import('../transfer/finding/receiver.js');
  receiverOf(jid); // or it is no address, which should be said before anything is done
  requireAccount(flags);
  const { openAccount } = await import('./account/account.js');
  const { goOnline } = await import('../transfer/connect.js');
  const { connect } = openAccount(flags, context, reporter.report);
  const session = await goOnline(connect, reporter.report, { admit: () => false });
  try {
    const { probe } = await import('../transfer/finding/probe.js');
    const work = () => probe(session, jid, context.signal, reporter.note);
    const { resources, nobody } = await reporter.connecting(`asking ${jid}`, work);
    for (const resource of resources) reporter.report({ event: 'resource', ...resource });
    if (!flags.json) await print(resources, context);
    if (nobody) throw nobody;
  } finally {
    await session.close();
  }
}

const print = (resources: ProbedResource[], { stdout }: Context): Promise<void> =>
  pipeline(Readable.from(resources.map((one) => `${lineOf(one)}\n`)), stdout, { end: false });

function lineOf({ peer, client, version, ways, roundTripMs, via }: ProbedResource): string {
  const program = [client, version].filter(Boolean).join(' ');
  const time = roundTripMs === undefined ? '' : `${roundTripMs} ms`;
  const fields = [peer, program, ways.join(','), time, via ?? ''];
  return fields.map((field) => display(field) || '-').join('\t');
}
