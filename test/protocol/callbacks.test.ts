import { PassThrough } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import { BitsOfBinary } from '../../src/protocol/bob/bits-of-binary.js';
import { blobElement } from '../../src/protocol/bob/stanzas.js';
import type { Channel } from '../../src/protocol/channel.js';
import { answerDiscovery, discoverFeatures } from '../../src/protocol/disco.js';
import { HandlerRegistry } from '../../src/protocol/handler-registry.js';
import { InBandBytestreams } from '../../src/protocol/ibb/in-band-bytestreams.js';
import { JingleFileTransfers } from '../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../src/protocol/jingle/transports/ibb.js';
import { IncomingSiFile } from '../../src/protocol/si/incoming-si-file.js';
import { SiFileTransfers } from '../../src/protocol/si/si-file-transfers.js';
import { xml } from '../../src/session/xml.js';
import { JULIET, linkedSessions, ROMEO } from '../support/linked-sessions.js';
import { settled } from '../support/manual-clock.js';

const FILE = { name: 'letter.txt', size: 6 };

/** Romeo and Juliet with all that a program can give callbacks to; what they are told of, each once: some is tried again. */
function pair() {
  const onError = jest.fn();
  const [romeo, juliet] = linkedSessions(undefined, { onError }).map((session) => {
    const registry = new HandlerRegistry();
    const bytestreams = new InBandBytestreams(session, { sessionLimit: 9 }, registry);
    const jingle = new JingleFileTransfers(session, [ibbTransport(bytestreams)]);
    const si = new SiFileTransfers(session, bytestreams);
    return { session, registry, bytestreams, jingle, si, bits: new BitsOfBinary(session) };
  });
  if (!romeo || !juliet) throw new Error('there are two');
  return {
    romeo,
    juliet,
    onError,
    told: () => [...new Set(onError.mock.calls.map(([error]) => `${error}`))],
  };
}

type Pair = ReturnType<typeof pair>;

/** What decides, as it would let somebody in, and what the peer then asks. */
const DECISIONS: [
  name: string,
  ({ juliet }: Pair, answer: () => never) => void,
  ({ romeo }: Pair) => Promise<unknown>,
  condition: string,
][] = [
  [
    'mayOffer of Jingle',
    ({ juliet }, answer) => Object.assign(juliet.jingle, { mayOffer: answer }),
    ({ romeo }) => romeo.jingle.offer(JULIET, FILE),
    'internal-server-error',
  ],
  [
    'mayUse of Jingle',
    ({ juliet }, answer) => Object.assign(juliet.jingle, { mayUse: answer }),
    ({ romeo }) => romeo.jingle.offer(JULIET, FILE),
    'general-error',
  ],
  [
    'mayOffer of SI',
    ({ juliet }, answer) => Object.assign(juliet.si, { mayOffer: answer }),
    ({ romeo }) => romeo.si.offer(JULIET, FILE),
    'internal-server-error',
  ],
  [
    'mayAsk of Bits of Binary',
    ({ juliet }, answer) => Object.assign(juliet.bits, { mayAsk: answer }),
    ({ romeo }) => romeo.bits.getBlob({ jid: JULIET, cid: 'sha1+ab@bob.xmpp.org' }),
    'internal-server-error',
  ],
  ...['authorized', 'authorized_sid'].map((op): (typeof DECISIONS)[number] => [
    op,
    ({ juliet }, answer) => juliet.registry.register(async () => answer(), 'ibb', op),
    ({ romeo }) => romeo.bytestreams.open(JULIET),
    'internal-server-error',
  ]),
];

describe.each(DECISIONS)('%s', (name, give, ask, condition) => {
  test.each([
    // An operation of the registry may take its time; what it resolves to has to be an answer, too.
    ...(name.startsWith('authorized') ? [] : [['a promise', async () => true] as const]),
    ...[['a text', () => 'no'] as const, ['a number', () => 1] as const],
  ])('lets nothing through by %s (R1207)', async (_title, answer) => {
    const both = pair();
    const onOffer = jest.fn();
    Object.assign(both.juliet.jingle, { onOffer });
    Object.assign(both.juliet.si, { onOffer });
    give(both, answer as () => never);
    await expect(ask(both)).rejects.toThrow(condition);
    expect(onOffer).not.toHaveBeenCalled();
    const [op = ''] = name.split(' ');
    expect(both.told()).toEqual([expect.stringMatching(`^TypeError: ${op} is to return true or`)]);
  });
});

describe('our own offer', () => {
  test('goes by no transport that mayUse decides nothing of (R1207)', async () => {
    const { romeo, juliet } = pair();
    juliet.jingle.onOffer = jest.fn();
    const mayUse = (async () => true) as unknown as () => boolean;
    const offered = romeo.jingle.offer(JULIET, FILE, { mayUse });
    await expect(offered).rejects.toThrow('mayUse is to return true or false, not a promise');
    expect(juliet.jingle.onOffer).not.toHaveBeenCalled();
  });
});

const FAILURES: [string, () => unknown][] = [
  ['is thrown', () => raise()],
  ['rejects', () => Promise.reject(new Error('mine'))],
];

describe.each(FAILURES)('what is asked or told and %s (R1208)', (_title, fail) => {
  test('as onOffer ends the Jingle session, without a word of ours', async () => {
    const { romeo, juliet, told } = pair();
    juliet.jingle.onOffer = fail;
    const error = await romeo.jingle.offer(JULIET, FILE).catch((error) => error);
    expect(error).toMatchObject({ reason: { condition: 'general-error' }, byUs: false });
    expect(error.message).not.toContain('mine');
    expect(told()).toEqual(['Error: mine']);
  });

  test('as onOffer refuses an offer by SI', async () => {
    const { romeo, juliet, told } = pair();
    juliet.si.onOffer = fail;
    const offered = romeo.si.offer(JULIET, FILE);
    await expect(offered).rejects.toThrow('internal-server-error');
    expect(told()).toEqual(['Error: mine']);
  });

  test('as onBytestream breaks the bytestream off', async () => {
    const { romeo, juliet, told } = pair();
    juliet.bytestreams.onBytestream = fail;
    const stream = await romeo.bytestreams.open(JULIET);
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.closeAcknowledged).toBe(false);
    expect(told()).toEqual(['Error: mine']);
  });

  test('as onBlob or onAsked is told us', async () => {
    const { romeo, juliet, onError, told } = pair();
    juliet.bits.onBlob(fail);
    const cid = await romeo.bits.setBlob(Buffer.from('a'), 'text/plain');
    const blob = await romeo.bits.getBlob({ cid });
    await romeo.session.send(xml('message', { to: JULIET }, blobElement(blob)));
    const identity = { category: 'client', type: 'pc', name: 'x' };
    answerDiscovery(juliet.session, { identity, features: ['urn:x'] }, [], fail as () => void);
    expect(await discoverFeatures(romeo.session, JULIET)).toEqual(new Set(['urn:x']));
    await settled();
    expect(onError).toHaveBeenCalledTimes(2);
    expect(told()).toEqual(['Error: mine']);
  });

  test('as onRefused is told us, and the offer is refused all the same', async () => {
    const { romeo, juliet, told } = pair();
    Object.assign(juliet.jingle, { onRefused: fail, mayUse: () => false });
    await expect(romeo.jingle.offer(JULIET, FILE)).rejects.toThrow('unsupported-transports');
    expect(told()).toEqual(['Error: mine']);
  });
});

describe('an onOffer that fails after it has accepted', () => {
  test('breaks the transfer by Jingle off (R1208)', async () => {
    const { romeo, juliet, told } = pair();
    juliet.jingle.onOffer = async (file) => {
      await file.accept();
      raise();
    };
    const file = await romeo.jingle.offer(JULIET, FILE);
    await expect(file.confirmed()).rejects.toThrow('general-error');
    expect(told()).toEqual(['Error: mine']);
  });

  test('breaks the bytestream of SI off (R1208)', async () => {
    const { romeo, juliet, told } = pair();
    juliet.si.onOffer = async (file) => {
      await file.accept();
      raise();
    };
    const { channel } = await romeo.si.offer(JULIET, FILE);
    channel.on('error', () => undefined);
    await new Promise((resolve) => channel.once('close', resolve));
    expect(channel.closeAcknowledged).toBe(false);
    expect(told()).toEqual(['Error: mine']);
  });
});

describe('an onOffer that fails before it has awaited what it accepted', () => {
  /** What nobody handles, as Node finds it when all that is under way is over. */
  async function unhandledOf(work: () => Promise<unknown>): Promise<unknown[]> {
    const found: unknown[] = [];
    const note = (error: unknown) => void found.push(error);
    process.on('unhandledRejection', note);
    await work().catch(() => undefined);
    await settled();
    process.off('unhandledRejection', note);
    return found;
  }

  test.each(['jingle', 'si'] as const)('does not end the program: %s (R1257)', async (way) => {
    const { romeo, juliet, told } = pair();
    let accepted: Promise<unknown> | undefined;
    juliet[way].onOffer = async (file: { accept(): Promise<unknown> }) => {
      accepted = file.accept();
      raise();
    };
    const unhandled = await unhandledOf(async () => romeo[way].offer(JULIET, FILE));
    expect(unhandled).toEqual([]);
    expect(told()).toEqual(['Error: mine']);
    await expect(accepted).rejects.toThrow(way === 'si' ? 'mine' : 'general-error');
  });

  test('breaks off a bytestream of SI that comes at that moment (R1257)', async () => {
    const channel = new PassThrough() as unknown as Channel;
    const offer = { sid: 'x', file: FILE, ranged: false };
    let open = (_channel: Channel): void => undefined;
    const opened = new Promise<Channel>((resolve) => {
      open = resolve;
    });
    const file = new IncomingSiFile(ROMEO, offer, () => opened);
    const accepted = file.accept();
    open(channel);
    file.giveUp(new Error('mine'));
    await expect(accepted).rejects.toThrow('mine');
    expect(channel.destroyed).toBe(true);
  });
});

describe('options that are inherited', () => {
  test('count: settings of an offer by Jingle (R1258)', async () => {
    const { romeo } = pair();
    const offered = romeo.jingle.offer(JULIET, FILE, Object.create({ blockSize: 0 }));
    await expect(offered).rejects.toThrow('blockSize is to be 1 to 65535 bytes');
  });

  test('count: settings of an offer by SI (R1258)', async () => {
    const { romeo, juliet } = pair();
    const over = new AbortController();
    juliet.si.onOffer = (file) => void file.accept({ signal: over.signal });
    const offered = romeo.si.offer(JULIET, FILE, Object.create({ blockSize: 0 }));
    await expect(offered).rejects.toThrow('blockSize is to be 1 to 65535 bytes');
    over.abort();
  });

  test('count: settings of bytestreams, and what is said of a blob (R1258)', async () => {
    const { romeo } = pair();
    const none = Object.create({ blockSize: 0 });
    const wrong = new RangeError('blockSize is to be 1 to 65535 bytes, or auto, not 0');
    await expect(romeo.bytestreams.open(JULIET, none)).rejects.toThrow(wrong);
    expect(() => new InBandBytestreams(romeo.session, none)).toThrow(wrong);
    const aged = Object.create({ maxAge: 7 });
    const cid = await romeo.bits.setBlob(Buffer.from('a'), 'text/plain', aged);
    expect(await romeo.bits.getBlob({ cid })).toMatchObject({ maxAge: 7 });
    const spent = Object.create({ signal: AbortSignal.abort(new Error('enough')) });
    const asked = Object.assign(spent, { jid: JULIET, cid, cached: false });
    await expect(romeo.bits.getBlob(asked)).rejects.toThrow('enough');
  });
});

test('a handler or listener that is no function is refused when it is given (R1208)', () => {
  const { romeo } = pair();
  const given = 'none' as never;
  expect(() => romeo.registry.register(given, 'ibb', 'authorized')).toThrow(TypeError);
  expect(() => romeo.registry.registerDefault(given, 'ibb', 'authorized')).toThrow(TypeError);
  expect(() => romeo.bits.onBlob(given)).toThrow(TypeError);
});

function raise(): never {
  throw new Error('mine');
}
