import type { Command } from 'commander';
import { addAccountOptions } from './account/account-options.js';
import type { Context } from './context.js';
import { addExamples } from './help/examples.js';
import { addDirectOption } from './lane.js';
import { addOutputOptions } from './options.js';
import type { ProbeFlags } from './probe-jid.js';

export function addProbeCommand(program: Command, context: Context): void {
  const command = program
    .command('probe')
    .summary('show how a JID would get a file')
    .description(
      'Prints who of a JID is online and seen: JID, program, ways to send it files, round trip, the way that send ' +
        'would choose, whether its key is known, and what would carry encrypted files beside the XMPP stream, with tabs. Sends no file, and proposes none.',
    )
    .argument('<jid>', 'bare: all its resources; full, or a domain: that one');
  addDirectOption(command);
  addOutputOptions(addAccountOptions(command)).action(async (jid: string, flags: ProbeFlags) => {
    const { probeJid } = await import('./probe-jid.js');
    await probeJid(jid, flags, context);
  });
  addExamples(command, [
    'inband probe juliet@example.org',
    'inband probe -v juliet@example.org/balcony',
    "inband probe --json juliet@example.org | jq -r 'select(.via).peer'",
  ]);
}
