import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Context } from '../../../src/commands/context.js';
import { receiveInto } from '../../../src/commands/receive/receive-into.js';
import { send } from '../../../src/commands/send-files.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { connect } from '../../../src/session/connect.js';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import type { Event } from '../../../src/transfer/events.js';
import { hashOfFile, writeRandom } from '../../support/files.js';
import { memoryTrust } from '../../support/sealing.js';
import { randomFaults, type Schedule, startFaultProxy } from '../../support/servers/fault-proxy.js';
import type { Prosody } from '../../support/servers/prosody.js';
import { startFaultyRelay } from './faulty-relay.js';

/** Twenty blocks of 4096 bytes. */
const BYTES = 20 * 4096;

/** A transfer that is not over by then hangs: a stall is noticed after 120 s, and may come twice, on each way. */
const TIMEOUT_MS = { inBand: 240_000, beside: 480_000 };

/** The login is over: what fails before anything has begun is no matter of trying again. */
const FIRST_FAULT = 8;

export interface FaultyTransfer {
  outcome: 'arrived' | 'failed' | 'false success' | 'hung';
  faults: string[];
  /** What both said, in its order, and the names that were in the inbox at the end. */
  story: string[];
  error?: Error;
}

/** What may become of connections beside the stream; a stall is noticed after a minute, and takes no test's time. */
const QUICK_BREAKS = ['reset', 'end', 'turn'] as const;

/**
 * One `send` to one `receive --once`, each through a proxy that cuts, repeats and delays at random, as the seed says;
 * both run in this process. The accounts are `alice` and `bob`. What goes beside the stream is cut, closed and altered,
 * too. `beside`: absent, every third file may go so; `always`: each, and connections stall as well.
 */
export async function faultyTransfer(
  server: Prosody,
  folder: string,
  seed: number,
  beside?: 'always',
): Promise<FaultyTransfer> {
  const source = join(folder, `file ${seed}`);
  const inbox = join(folder, `inbox ${seed}`);
  const hash = await writeRandom(source, BYTES);
  const breaks = beside ? ([...QUICK_BREAKS, 'stall'] as const) : QUICK_BREAKS;
  const relay = await startFaultyRelay(server.proxyPort, seed, breaks);
  // The server's proxy is where the server says that it is.
  const altered = (stanza: string) =>
    stanza.replace(/(<streamhost\b[^>]*\bport=["'])\d+/, `$1${relay.port}`);
  const proxies = await Promise.all([
    startFaultProxy(server, schedule(seed), { altered }),
    startFaultProxy(server, schedule(seed + 0.5), { altered }),
  ]);
  const [hers, his] = proxies;
  const stop = new AbortController();
  const story: string[] = [];
  const tell = (name: string) => (text: string) =>
    void story.push(`${Math.round(performance.now())} ${name}: ${text}`);
  const recipient = actor(server, 'bob', `r${seed}`, his.service, stop.signal, tell('bob'));
  const sender = actor(server, 'alice', `s${seed}`, hers.service, stop.signal, tell('alice'));
  try {
    const received = receiveInto(
      { ...recipient.flags, dir: inbox, allow: ['anyone'], once: true, ...RECEIVE_FLAGS },
      recipient.context,
      () => false,
    ).catch((error: Error) => tell('bob')(`ended by ${error.stack}`));
    await Promise.race([recipient.online, received]);
    const sent = send(
      [source, `bob@localhost/r${seed}`],
      { ...sender.flags, ...SEND_FLAGS, ...flagsFor(seed, beside !== undefined) },
      sender.context,
      () => false,
    );
    const ended = sent.then(
      () => undefined,
      (error: Error) => error,
    );
    const most = beside ? TIMEOUT_MS.beside : TIMEOUT_MS.inBand;
    const late = wait(most, 'late' as const, { ref: false });
    const error = await Promise.race([ended, late]);
    if (error === undefined) await Promise.race([received, late]);
    stop.abort(new Error('the test is over'));
    await Promise.race([Promise.all([received, ended]), late]);
    const names = (await readdir(inbox)).filter((name) => name !== '.inband');
    const hashes = await Promise.all(names.map((name) => hashOfFile(join(inbox, name))));
    const isRight = hashes.length > 0 && hashes.every((one) => one === hash);
    const outcome = outcomeOf(error, isRight, hashes.length);
    const all = names.map(
      (name, index) => `${name} ${hashes[index] === hash ? 'is' : 'is not'} it`,
    );
    return {
      outcome,
      story: [...story, ...all],
      faults: [
        ...hers.faults.map((one) => `sender: ${one}`),
        ...his.faults.map((one) => `recipient: ${one}`),
        ...relay.faults.map((one) => `beside: ${one}`),
      ],
      ...(error instanceof Error ? { error } : {}),
    };
  } finally {
    stop.abort(new Error('the test is over'));
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    relay.stop();
  }
}

/** Whether the file has gone by the server's proxy, to its end. */
export const wasBeside = (story: readonly string[]): boolean =>
  story.some((said) => /"event":"done".*"lane":"proxy\.localhost"/.test(said));

function outcomeOf(error: Error | 'late' | undefined, isRight: boolean, files: number) {
  if (error === 'late') return 'hung';
  // A name that is there without being what was sent is as bad as a success that is none.
  if (error === undefined) return isRight ? 'arrived' : 'false success';
  return files === 0 || isRight ? 'failed' : 'false success';
}

function schedule(seed: number): Schedule {
  const faults = randomFaults(seed, { end: 0.015, reset: 0.015, repeat: 0.01, swap: 0.01 });
  const slow = randomFaults(seed + 0.25, { stall: 0.1 });
  // A proxy that does not answer, or has heard nothing.
  const activations = randomFaults(seed + 0.75, { drop: 0.1 });
  return (passing) => {
    if (passing.connection === 1 && passing.count < FIRST_FAULT) return 'pass';
    if (passing.count === 0) return 'pass';
    if (passing.stanza.includes('<activate')) return activations(passing);
    const fault = faults(passing);
    // Only blocks may come twice or out of order: a server does neither with what it answers itself.
    const isBlock = passing.stanza.includes('<data');
    if (!isBlock && (fault === 'repeat' || fault === 'swap')) return 'pass';
    return fault === 'pass' && slow(passing) === 'stall' ? 20 : fault;
  };
}

const SEALED = { direct: 'never', encrypt: 'require', trust: 'first' } as const;
const RECEIVE_FLAGS = {
  ...{ maxSessions: 4, keepRecords: 10, keepRecordsFor: 60, linksMaxSize: 1_000_000 },
  ...SEALED,
};
const SEND_FLAGS = {
  stanza: 'iq',
  maxRetries: 5,
  initialWait: 1,
  waitFactor: 1.2,
  via: 'auto',
  compress: true,
  ...SEALED,
  acceptTimeout: 30,
  waitOnline: 0,
} as const;

/** Every third one may go beside the stream, by the server's proxy; of all every second as by default. */
const flagsFor = (seed: number, isBeside: boolean) => ({
  // Two stalls beside the stream are followed by what goes inside.
  retryFor: isBeside ? 200 : 60,
  transport: isBeside || seed % 3 === 0 ? ('auto' as const) : ('ibb' as const),
  ...(seed % 2 === 0
    ? ({ blockSize: 4096, window: 4 } as const)
    : ({ blockSize: 'auto', window: 'auto' } as const)),
});

/** What `main` gives to a command, and when it went online. */
function actor(
  server: Prosody,
  name: 'alice' | 'bob',
  resource: string,
  service: string,
  signal: AbortSignal,
  tell: (text: string) => void,
) {
  const { jid, password } = server.account(name);
  let isOnline: () => void = () => undefined;
  const online = new Promise<void>((resolve) => {
    isOnline = resolve;
  });
  const report = (event: Event) => {
    if (event.event !== 'progress') tell(JSON.stringify(event));
    if (event.event === 'state' && event.state === 'online') isOnline();
  };
  const nothing = () => undefined;
  const silent = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const trusted = memoryTrust();
  const context: Context = {
    settingsPath: '/dev/null/none',
    secretFolders: [],
    env: { INBAND_PASSWORD: password },
    stdin: Readable.from([]),
    stdout: silent(),
    stderr: silent(),
    signal,
    now: () => new Date(),
    failures: () => import('../../../src/failures.js'),
    connect: (options) => connect({ ...options, ca: server.ca }),
    openInbox,
    readRecords: async function* () {},
    openMarks: () => Promise.reject(new Error('no links are fetched')),
    askAgain: async () => undefined,
    isAskedAgain: async () => false,
    isReceiving: async () => false,
    startOf: async () => undefined,
    contacts: { list: async () => [], isOld: async () => false, keep: async () => undefined },
    saveFile: () => Promise.reject(new Error('nothing is fetched')),
    createRegistry: async () => new HandlerRegistry(),
    openCache: () => Promise.reject(new Error('nothing is cached')),
    openKeys: async () => ({
      obtain: async (_jid, make) => make(undefined),
      has: async () => true,
      replace: async () => ({ wasKnown: false }),
    }),
    openTrust: async () => trusted,
    writeSecret: () => Promise.reject(new Error('nothing is exported')),
    whileLocked: (_folder, job) => job(),
    reporter: async () => ({
      ...{ report, warn: tell, note: tell, expect: async () => undefined, close: nothing },
    }),
  };
  return { context, online, flags: { account: `${jid}/${resource}`, service } };
}
