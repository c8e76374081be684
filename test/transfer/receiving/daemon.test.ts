import { EventEmitter, on } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runFor } from '../../../src/commands/receive/exec.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { offer as siOffer } from '../../../src/protocol/si/stanzas.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import type { Event } from '../../../src/transfer/events.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { type ReceiveOnOptions, receiveOn } from '../../../src/transfer/receiving/daemon.js';
import type { Running } from '../../../src/transfer/receiving/places.js';
import { JULIET, linkedSessions, parse } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { workFor } from '../../support/programs/work.js';
import { receivingBy, relationOf, standingOf } from '../../support/sealing.js';

const LOST = new ConnectionLost('cut');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-receiving-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** An inbox on a disk that is slow: `publishing` resolves when a file is to get its name, `go` gives it. */
function slowInbox() {
  const inbox = new MemoryInbox();
  let go: () => void = () => undefined;
  const mayGo = new Promise<void>((resolve) => {
    go = resolve;
  });
  const publishing = new Promise<void>((resolve) => {
    const create = inbox.createPartial.bind(inbox);
    inbox.createPartial = async (wanted) => {
      const partial = await create(wanted);
      const publish = async (name: string) => {
        resolve();
        await mayGo;
        return partial.publish(name);
      };
      return { ...partial, publish };
    };
  });
  return { inbox, publishing, go };
}

/** Juliet receives what Romeo sends as a bare bytestream; `cut` ends her session. */
function receiving(
  inbox: MemoryInbox,
  options: Partial<ReceiveOnOptions> = {},
  quotas = new Quotas(4),
) {
  const [romeo, juliet] = linkedSessions();
  const running: Running = new Map();
  const notes = new EventEmitter();
  let isDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    isDone = resolve;
  });
  const ended = receiveOn(
    {
      ...{
        session: juliet,
        admit: () => true,
        knows: () => true,
        mayLink: () => false,
        linkers: () => [],
      },
      ...{ standingOf, relationOf, quotas },
    },
    running,
    {
      ...{ inbox, registry: new HandlerRegistry(), once: false },
      ...{ signal: new AbortController().signal, now: () => new Date(0), exitCodeOf: () => 1 },
      report: (event: Event) => {
        if (event.event === 'done') isDone();
        if (event.event === 'note') notes.emit('note', event.text);
      },
      work: workFor(inbox),
      sealing: receivingBy(),
      ...options,
    },
  );
  const outcome = ended.then(
    () => 'done',
    (error: Error) => error,
  );
  const services = new InBandBytestreams(romeo);
  const open = (sid?: string) => services.open(JULIET, sid === undefined ? {} : { sid });
  const send = async () => {
    const stream = await open();
    stream.on('error', () => undefined).end('hello');
  };
  return { romeo, notes, outcome, running, done, open, send, cut: () => juliet.end(LOST) };
}

test.each([
  [true, 'done'],
  [false, LOST],
])(
  'a file that is there after the connection was lost is the last with --once: %p',
  async (once, end) => {
    const { inbox, publishing, go } = slowInbox();
    const { outcome, send, cut } = receiving(inbox, { once });
    await send();
    await publishing;
    cut();
    go();
    expect(await outcome).toBe(end);
    expect([...inbox.files.values()]).toEqual([Buffer.from('hello')]);
  },
);

// Of a sender other than inband: by the sids of ours it is known, whatever the inbox holds.
test('what was to go on with a file is no file of its own, on a later connection', async () => {
  const inbox = new MemoryInbox();
  const wanted = { identity: 'letter', channel: 's1 romeo@montague.example/orchard' };
  for (const text of ['he', 'll']) {
    const partial = await inbox.createPartial(wanted);
    await partial.write(Buffer.from(text));
    await partial.keep();
  }
  const { open, send, done, cut, outcome } = receiving(inbox);
  await expect(open('s1')).rejects.toThrow('not-acceptable');
  await send();
  await done;
  expect([...inbox.files.values()]).toEqual([Buffer.from('hello')]);
  cut();
  await outcome;
});

test('a program that is run for a file does not keep the daemon away from the network', async () => {
  const [program, go] = [join(folder, 'program'), join(folder, 'go')];
  const text = `#!/bin/sh\nfor i in $(seq 300); do [ -e '${go}' ] && exit; sleep 0.1; done\n`;
  await writeFile(program, text, { mode: 0o755 });
  const world = { env: {}, stderr: process.stderr, signal: new AbortController().signal };
  const inbox = new MemoryInbox();
  const { outcome, running, done, send, cut } = receiving(
    inbox,
    { work: workFor(inbox, (arrival, options) => runFor(program, arrival, options, world)) },
    new Quotas(1),
  );
  await send();
  await done;
  // It has a place, so that nobody can have any number of them started.
  await expect(send()).rejects.toMatchObject({ type: 'wait', condition: 'resource-constraint' });
  cut();
  expect(await outcome).toBe(LOST);
  expect(running.size).toBe(1);
  await writeFile(go, '');
  await Promise.all(running.keys());
  expect(running.size).toBe(0);
});

const FILE = `<file><name>letter.txt</name><size>6</size></file>`;
const BY_SOCKS5 = `
  <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='j1'>
    <content creator='initiator' name='file' senders='initiator'>
      <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>${FILE}</description>
      <transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='b1'/>
    </content>
  </jingle>`;
const OLD = BY_SOCKS5.replace('file-transfer:5', 'file-transfer:3');
const SI_BY_SOCKS5 = `
  <si xmlns='http://jabber.org/protocol/si' id='s1'
      profile='http://jabber.org/protocol/si/profile/file-transfer'>
    <file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='letter.txt' size='6'/>
  </si>`;

test('a place is counted once, and taken at the moment it is looked for (R89)', async () => {
  // Two of them for one account.
  const { romeo, open, cut, outcome, running } = receiving(new MemoryInbox());
  await romeo.request('set', JULIET, siOffer('s1', { name: 'letter.txt', size: 6 }));
  // Both before either is handed over.
  const opened = await Promise.allSettled([open(), open()]);
  expect(opened.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect((opened[1] as PromiseRejectedResult).reason).toMatchObject({ type: 'wait' });
  await expect(
    romeo.request('set', JULIET, siOffer('s2', { name: 'letter.txt', size: 7 })),
  ).rejects.toMatchObject({ type: 'wait', condition: 'resource-constraint' });
  expect(running.size).toBe(2);
  cut();
  await outcome;
});

test('what an account has used up it does not get back with a new session (R89)', async () => {
  const quotas = new Quotas(4);
  const first = receiving(new MemoryInbox(), {}, quotas);
  for (let count = 0; count < 30; count += 1) {
    const stream = await first.open();
    stream.on('error', () => undefined).destroy();
    await settled();
  }
  first.cut();
  await first.outcome;
  const second = receiving(new MemoryInbox(), {}, quotas);
  await expect(second.open()).rejects.toMatchObject({ type: 'wait' });
  second.cut();
  await second.outcome;
});

test.each([
  [
    'Jingle over SOCKS5 alone',
    BY_SOCKS5,
    /its transport is urn:xmpp:jingle:transports:s5b:1, which is not known here/,
  ],
  ['an older Jingle', OLD, /urn:xmpp:jingle:apps:file-transfer:3 is no file/],
  ['SI over SOCKS5 alone', SI_BY_SOCKS5, /only in-band bytestreams are taken/],
])('an offer by %s is refused with a note (R77)', async (_what, offer, why) => {
  const { romeo, notes, cut, outcome } = receiving(new MemoryInbox());
  const patience = AbortSignal.timeout(10_000);
  const noted = on(notes, 'note', { signal: patience });
  await romeo.request('set', JULIET, parse(offer)).catch(() => undefined);
  const texts: string[] = [];
  for await (const [text] of noted) if (texts.push(text) && text.startsWith('an offer of ')) break;
  expect(texts.at(-1)).toMatch(/^an offer of romeo@montague.example\/orchard was refused: /);
  expect(texts.at(-1)).toMatch(why);
  cut();
  await outcome;
});
