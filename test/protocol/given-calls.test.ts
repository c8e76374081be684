// Options of calls as other programs give them: each call that takes some of a kind does the same with them.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { BitsOfBinary, type GetBlobOptions } from '../../src/protocol/bob/bits-of-binary.js';
import { findBlob, type SetBlobOptions, setBlob } from '../../src/protocol/bob/blob-store.js';
import { discoverFeatures, discoverInfo } from '../../src/protocol/disco.js';
import { HandlerRegistry } from '../../src/protocol/handler-registry.js';
import { InBandBytestreams } from '../../src/protocol/ibb/in-band-bytestreams.js';
import { JingleFileTransfers } from '../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../src/protocol/jingle/transports/ibb.js';
import { IncomingSiFile } from '../../src/protocol/si/incoming-si-file.js';
import { SiFileTransfers } from '../../src/protocol/si/si-file-transfers.js';
import { connect } from '../../src/session/connect.js';
import type { ConnectOptions } from '../../src/session/given/connect-options.js';
import { ping } from '../../src/session/ping.js';
import type { RequestOptions } from '../../src/session/session.js';
import type { StanzaSession } from '../../src/session/stanza-session.js';
import { JULIET, linkedSessions } from '../support/linked-sessions.js';
import { settled } from '../support/manual-clock.js';

const FILE = { name: 'letter.txt', size: 6 };
const BYTES = Buffer.from('letter');
const CID = `sha1+${'0'.repeat(40)}@bob.xmpp.org`;

const sessions: StanzaSession[] = [];
afterEach(() => Promise.all(sessions.splice(0).map((one) => one.close())));

/** Romeo, to whom nobody answers; `sent` is called with all that he sends. */
function romeo() {
  const sent = jest.fn();
  const both = linkedSessions(sent);
  sessions.push(...both);
  const [session] = both;
  const bytestreams = new InBandBytestreams(session);
  return { sent, session, bytestreams };
}

type Romeo = ReturnType<typeof romeo>;

const negotiation = ({ bytestreams }: Romeo) => {
  const over = new AbortController().signal;
  const negotiators = { peer: JULIET, over, inform: async () => undefined };
  return ibbTransport(bytestreams).offer(negotiators, {});
};
type Call = (romeo: Romeo, options: RequestOptions) => Promise<unknown>;

const CALLS: Record<string, Call> = {
  request: ({ session }, options) => session.request('get', JULIET, ping(), options),
  discoverFeatures: ({ session }, options) => discoverFeatures(session, JULIET, options),
  discoverInfo: ({ session }, options) => discoverInfo(session, JULIET, undefined, options),
  getBlob: ({ session }, options) =>
    new BitsOfBinary(session).getBlob({ jid: JULIET, cid: CID, ...options }),
  'open of bytestreams': ({ bytestreams }, options) => bytestreams.open(JULIET, options),
  'expect of bytestreams': ({ bytestreams }, options) => bytestreams.expect(JULIET, 'sid', options),
  'offer of Jingle': ({ session, bytestreams }, options) =>
    new JingleFileTransfers(session, [ibbTransport(bytestreams)]).offer(JULIET, FILE, options),
  'offer of SI': ({ session, bytestreams }, options) =>
    new SiFileTransfers(session, bytestreams).offer(JULIET, FILE, options),
  'accept of SI': ({ bytestreams }, options) => {
    const expected = (signal?: AbortSignal) => bytestreams.expect(JULIET, 'sid', { signal });
    const file = new IncomingSiFile(JULIET, { sid: 'sid', file: FILE, ranged: false }, expected);
    return file.accept(options);
  },
};

/** With those that take a signal and nothing else. */
const SIGNAL_CALLS: Record<string, Call> = {
  ...CALLS,
  'open of a transport': (he, { signal }) => negotiation(he).open(signal as AbortSignal),
  'expect of a transport': (he, { signal }) => negotiation(he).expect(signal as AbortSignal),
};

interface Given {
  signal: AbortSignal;
  abort(reason?: unknown): void;
}

/** A signal that Node has not made; the older ones know no reason. */
function foreign(knowsReason: boolean): Given {
  const signal = Object.assign(new EventTarget(), { aborted: false });
  const abort = (reason: unknown) => {
    Object.assign(signal, { aborted: true }, knowsReason ? { reason } : {});
    signal.dispatchEvent(new Event('abort'));
  };
  return { signal: signal as unknown as AbortSignal, abort };
}

const enough = new Error('enough');
const isAborted = expect.objectContaining({ name: 'AbortError' });

const SIGNALS: [string, () => Given, unknown, unknown][] = [
  ["Node's", controller, enough, enough],
  ["Node's, aborted with what is no error", controller, 'enough', 'enough'],
  ['of another realm', () => foreign(true), enough, enough],
  ['of another realm, aborted with what is no error', () => foreign(true), 'enough', 'enough'],
  ['of an old library', () => foreign(false), undefined, isAborted],
];

function controller(): Given {
  const own = new AbortController();
  return { signal: own.signal, abort: (reason) => own.abort(reason) };
}

describe.each(Object.entries(SIGNAL_CALLS))('%s', (_name, call) => {
  test.each(SIGNALS)('ends by a signal %s (R1279)', async (_kind, make, reason, expected) => {
    const { signal, abort } = make();
    const called = call(romeo(), { signal });
    const ended = expect(called).rejects.toEqual(expected);
    await settled();
    abort(reason);
    await ended;
  });

  test.each(SIGNALS)(
    'does not begin with a signal %s that is aborted (R1279)',
    async (_kind, make, reason, expected) => {
      const { signal, abort } = make();
      abort(reason);
      const given = romeo();
      await expect(call(given, { signal })).rejects.toEqual(expected);
      expect(given.sent).not.toHaveBeenCalled();
    },
  );

  test.each([null, true, {}, new AbortController()])(
    'refuses a signal that is %p before anything is sent (R1279)',
    async (signal) => {
      const given = romeo();
      const called = call(given, { signal } as RequestOptions);
      await expect(called).rejects.toThrow(RangeError);
      await expect(called).rejects.toThrow('signal is to be an AbortSignal, not ');
      expect(given.sent).not.toHaveBeenCalled();
    },
  );
});

/** With those that take options and no signal. */
const OPTION_CALLS: Record<string, Call> = {
  ...CALLS,
  connect: async (_he, options) => connect(options as unknown as ConnectOptions),
  getBlob: ({ session }, options) =>
    new BitsOfBinary(session).getBlob(options as unknown as GetBlobOptions),
  'setBlob of a session': ({ session }, options) =>
    new BitsOfBinary(session).setBlob(BYTES, 'text/plain', options as SetBlobOptions),
  setBlob: (_he, options) =>
    setBlob(new HandlerRegistry(), BYTES, 'text/plain', options as SetBlobOptions),
  findBlob: (_he, options) => findBlob(new HandlerRegistry(), CID, options as object),
  run: (_he, options) => new HandlerRegistry().run('bob', 'get_bob', options as object),
  register: async (_he, options) =>
    new HandlerRegistry().register(() => undefined, 'bob', 'get_bob', options as object),
  'new InBandBytestreams': async (_he, options) =>
    new InBandBytestreams(romeo().session, options as object),
  blockSizeFor: async ({ bytestreams }, options) => bytestreams.blockSizeFor(options as object),
  variesBlockSize: async ({ bytestreams }, options) =>
    bytestreams.variesBlockSize(options as object),
};

const CALLED: Readonly<Record<string, string>> = {
  ...{ findBlob: 'the call is', run: 'the call is', register: 'the scope is' },
  'new InBandBytestreams': 'the settings are',
  ...{ blockSizeFor: 'the settings are', variesBlockSize: 'the settings are' },
};

const GIVEN: [unknown, string][] = [
  [null, 'null'],
  [[], 'an array'],
  [false, 'false'],
  [30, '30'],
  ['romeo@localhost', 'of type string'],
  [() => undefined, 'of type function'],
];

describe.each(Object.entries(OPTION_CALLS))('%s', (name, call) => {
  const what = CALLED[name] ?? 'the options are';
  test.each(GIVEN)('refuses %p in place of options (R1330)', async (options, shown) => {
    const given = romeo();
    const called = call(given, options as RequestOptions);
    await expect(called).rejects.toThrow(new RangeError(`${what} to be an object, not ${shown}`));
    expect(given.sent).not.toHaveBeenCalled();
  });
});

test('connect says what it wants where it is given nothing (R1330)', async () => {
  const given = undefined as unknown as ConnectOptions;
  await expect(connect(given)).rejects.toThrow(
    new RangeError('the options are to be an object, not undefined'),
  );
});

const TIMES = [Number.NaN, 0, -1, Number.NEGATIVE_INFINITY, '30', null, {}];
const withoutTimeout = ['open of bytestreams', 'accept of SI'];
const TIMED: [string, Call, string][] = [
  ...Object.entries(CALLS)
    .filter(([name]) => !withoutTimeout.includes(name))
    .map(([name, call]): [string, Call, string] => [name, call, 'timeout']),
  ...['open of bytestreams', 'offer of SI'].map((name): [string, Call, string] => [
    name,
    CALLS[name] as Call,
    'closeTimeout',
  ]),
];

test.each(
  TIMED.flatMap(([name, call, option]) => TIMES.map((time) => ({ name, call, option, time }))),
)(
  '$name refuses a $option that is $time before anything is sent (R1281)',
  async ({ call, option, time }) => {
    const given = romeo();
    const called = call(given, { [option]: time } as RequestOptions);
    await expect(called).rejects.toThrow(RangeError);
    await expect(called).rejects.toThrow(`${option} is to be more than 0 milliseconds, not `);
    expect(given.sent).not.toHaveBeenCalled();
  },
);

test.each(TIMED)(
  '%s waits without an end where that is given (R1281)',
  async (_name, call, option) => {
    const { signal, abort } = controller();
    const called = call(romeo(), { [option]: Number.POSITIVE_INFINITY, signal } as RequestOptions);
    const ended = expect(called).rejects.toBe(enough);
    await settled();
    abort(enough);
    await ended;
  },
);

test('a signal that Node has not made hears one listener, however many calls it is given to (R1279)', async () => {
  const { signal, abort } = foreign(true);
  const listen = jest.spyOn(signal, 'addEventListener');
  const given = romeo();
  const calls = [1, 2, 3].map(() => given.session.request('get', JULIET, ping(), { signal }));
  const ended = expect(Promise.allSettled(calls)).resolves.toEqual(
    calls.map(() => ({ status: 'rejected', reason: enough })),
  );
  abort(enough);
  await ended;
  expect(listen).toHaveBeenCalledTimes(1);
});

test.each(Object.entries(CALLS))(
  '%s is rejected by a signal that cannot be listened to, which ends the next call all the same (R1328)',
  async (_name, call) => {
    const { signal, abort } = foreign(true);
    const deaf = new Error('not now');
    jest.spyOn(signal, 'addEventListener').mockImplementationOnce(() => {
      throw deaf;
    });
    const given = romeo();
    await expect(call(given, { signal })).rejects.toBe(deaf);
    expect(given.sent).not.toHaveBeenCalled();
    const ended = expect(call(romeo(), { signal })).rejects.toBe(enough);
    await settled();
    abort(enough);
    await ended;
  },
);
