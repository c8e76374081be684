import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { BytestreamNotOpened } from '../../../src/protocol/ibb/expectations.js';
import {
  InBandBytestreams,
  type OpenOptions,
} from '../../../src/protocol/ibb/in-band-bytestreams.js';
import * as stanzas from '../../../src/protocol/ibb/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, linkedSessions, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import {
  acceptedBy,
  errorOf,
  pairOfBytestreams,
  pairOfServices,
  pattern,
  readAll,
  scriptToService,
  unattended,
} from './bytestreams.js';

const TYBALT = 'tybalt@capulet.example/street';

const data = (seq: number, text: string, sid = 's1') => stanzas.data(sid, seq, Buffer.from(text));

/** Opens that Juliet got, answered by the script: an error, or nothing for "yes". */
function opensToScript(answer: (open: stanzas.Open, index: number) => StanzaError | undefined) {
  const [romeo, juliet] = linkedSessions();
  const opens: stanzas.Open[] = [];
  juliet.handle('set', stanzas.NS_IBB, 'open', (element) => {
    const refusal = answer(stanzas.readOpen(element), opens.push(stanzas.readOpen(element)) - 1);
    if (refusal) throw refusal;
    return undefined;
  });
  const registry = new HandlerRegistry();
  const service = new InBandBytestreams(romeo, {}, registry);
  const open = (options?: OpenOptions) => service.open(JULIET, options);
  return { romeo, juliet, service, registry, opens, open };
}

describe('opening a bytestream', () => {
  test('asks for blocks of 4096 bytes in iqs, under a sid that nobody can guess', async () => {
    const { open, opens } = opensToScript(() => undefined);
    const [one, two] = await Promise.all([open(), open()]);
    expect(opens[0]).toEqual({ sid: one?.sid, blockSize: 4096, stanza: 'iq' });
    expect(one?.sid).toMatch(/^[0-9a-f]{32}$/);
    expect(two?.sid).not.toBe(one?.sid);
    expect(one).toMatchObject({ peer: JULIET, blockSize: 4096, stanza: 'iq' });
  });

  test('asks for what it is told', async () => {
    const { open, opens } = opensToScript(() => undefined);
    const stream = await open({ sid: 'i781hf64', blockSize: 1, stanza: 'message' });
    expect(opens).toEqual([{ sid: 'i781hf64', blockSize: 1, stanza: 'message' }]);
    expect(stream).toMatchObject({ sid: 'i781hf64', blockSize: 1, stanza: 'message' });
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'does not ask for blocks of %s bytes',
    async (blockSize) => {
      const { open, opens } = opensToScript(() => undefined);
      await expect(open({ blockSize })).rejects.toThrow(RangeError);
      expect(opens).toEqual([]);
    },
  );

  test.each([1, 65_535])('may ask for blocks of %s bytes', async (blockSize) => {
    const { open } = opensToScript(() => undefined);
    expect((await open({ blockSize })).blockSize).toBe(blockSize);
  });

  test('under a sid that is in use is refused, and the first one goes on', async () => {
    const { romeo, his, hers } = await pairOfBytestreams();
    await expect(romeo.open(JULIET, { sid: 's1' })).rejects.toThrow('in use');
    his.resume().end('x');
    expect(await readAll(hers)).toEqual(Buffer.from('x'));
  });

  test('again under a sid that was refused asks again, and what is open then stays so', async () => {
    const { open, opens, juliet } = opensToScript((_open, index) =>
      index === 0 ? new StanzaError('cancel', 'not-acceptable') : undefined,
    );
    const stream = await open({ sid: 's1' }).catch((error) => {
      expect(error).toMatchObject({ condition: 'not-acceptable' });
      return open({ sid: 's1' }); // at once
    });
    expect(opens).toHaveLength(2);
    await settled();
    stream.resume();
    const answer = juliet.request('set', ROMEO, data(0, 'here'), { timeout: 1000 });
    await expect(answer).resolves.toMatchObject({ attrs: { type: 'result' } });
    expect(stream.bytesReceived).toBe(4);
  });

  test('lets the peer send as soon as it has said yes', async () => {
    const [romeo, juliet] = linkedSessions();
    const service = new InBandBytestreams(romeo);
    juliet.handle('set', stanzas.NS_IBB, 'open', () => {
      void juliet.request('set', ROMEO, data(0, 'early'));
      return undefined;
    });
    const stream = await service.open(JULIET, { sid: 's1' });
    const [bytes] = await once(stream, 'data');
    expect(bytes).toEqual(Buffer.from('early'));
  });

  describe('with blocks too large for the peer', () => {
    const tooLarge = (type: 'modify' | 'cancel' | 'wait', limit: number) => (open: stanzas.Open) =>
      open.blockSize > limit ? new StanzaError(type, 'resource-constraint') : undefined;

    test.each(['modify', 'cancel', 'wait'] as const)(
      'asks for half of it, whatever the type of the error: %s',
      async (type) => {
        const { open, opens } = opensToScript(tooLarge(type, 1024));
        expect((await open({ blockSize: 4096 })).blockSize).toBe(1024);
        expect(opens.map(({ blockSize }) => blockSize)).toEqual([4096, 2048, 1024]);
        expect(new Set(opens.map(({ sid }) => sid)).size).toBe(3);
      },
    );

    test('goes down to powers of two', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 600));
      await open({ blockSize: 5000 });
      expect(opens.map(({ blockSize }) => blockSize)).toEqual([5000, 4096, 2048, 1024, 512]);
    });

    test('does not go below 512', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 0));
      const refusal = { condition: 'resource-constraint', type: 'modify' };
      await expect(open({ blockSize: 65_535 })).rejects.toMatchObject(refusal);
      expect(opens.map(({ blockSize }) => blockSize)).toEqual([
        65_535, 32_768, 16_384, 8192, 4096, 2048, 1024, 512,
      ]);
      await expect(open({ blockSize: 513 })).rejects.toMatchObject(refusal);
      expect(opens.slice(8).map(({ blockSize }) => blockSize)).toEqual([513, 512]);
      await expect(open({ blockSize: 100 })).rejects.toMatchObject(refusal);
      expect(opens.slice(10).map(({ blockSize }) => blockSize)).toEqual([100]);
    });

    test('asks once under a sid that was agreed on elsewhere', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 1024));
      await expect(open({ sid: 's1' })).rejects.toMatchObject({ condition: 'resource-constraint' });
      expect(opens).toHaveLength(1);
    });

    test('sends blocks of the size that was accepted', async () => {
      const { romeo, juliet, wire } = pairOfServices({ maxBlockSize: 1000 });
      const accepted = acceptedBy(juliet);
      const his = await romeo.open(JULIET);
      his.resume().end(pattern(1024));
      expect(await readAll(await accepted)).toEqual(pattern(1024));
      expect(wire.find(/^romeo: (open|data)[ \d]+$/)).toEqual([
        'romeo: open 4096',
        'romeo: open 2048',
        'romeo: open 1024',
        'romeo: open 512',
        'romeo: data 0',
        'romeo: data 1',
      ]);
    });
  });

  test.each([
    ['cancel', 'service-unavailable'],
    ['cancel', 'not-acceptable'],
    ['cancel', 'feature-not-implemented'],
    ['modify', 'bad-request'],
    ['wait', 'recipient-unavailable'],
  ] as const)('that is refused with %s/%s is not tried again', async (type, condition) => {
    const { open, opens } = opensToScript(() => new StanzaError(type, condition));
    await expect(open()).rejects.toMatchObject({ type, condition });
    expect(opens).toHaveLength(1);
  });

  test('that is refused leaves no bytestream behind', async () => {
    const { open, juliet, registry } = opensToScript(() => new StanzaError('cancel', 'conflict'));
    const run: unknown[] = [];
    registry.register((_jid, sid) => void run.push(['set', sid]), 'ibb', 'set_stream');
    await expect(open({ sid: 's1' })).rejects.toThrow();
    await settled();
    const late = juliet.request('set', ROMEO, data(0, 'late'), { timeout: 1000 });
    await expect(late).rejects.toMatchObject({ condition: 'item-not-found' });
    expect(run).toEqual([]);
  });

  test('ends when the session does', async () => {
    const { open, romeo } = opensToScript(() => undefined);
    const opening = open();
    const lost = new ConnectionLost('cut');
    romeo.end(lost);
    await expect(opening).rejects.toBe(lost);
  });

  describe('that the caller gives up', () => {
    /** Juliet accepts, but her answer is on its way for ever. */
    async function acceptedUnheard() {
      const { romeo, juliet } = pairOfServices({
        intercept: (stanza, deliver) => {
          if (stanza.attrs.type !== 'result') deliver(stanza);
        },
      });
      return { romeo, accepted: acceptedBy(juliet) };
    }

    test('rejects with the reason of the signal', async () => {
      const { romeo } = await acceptedUnheard();
      const giveUp = new AbortController();
      const opening = romeo.open(JULIET, { signal: giveUp.signal });
      giveUp.abort(new Error('interrupted'));
      await expect(opening).rejects.toThrow('interrupted');
    });

    test('is broken off at the peer, who may have accepted it', async () => {
      const { romeo, accepted } = await acceptedUnheard();
      const giveUp = new AbortController();
      const opening = romeo.open(JULIET, { signal: giveUp.signal });
      const hers = await accepted;
      giveUp.abort(new Error('interrupted'));
      await expect(opening).rejects.toThrow('interrupted');
      await settled();
      // An end would be taken for that of an empty file.
      expect(hers.errored?.message).toContain('unexpected-request');
    });

    test('is not asked for by one whose signal is aborted already', async () => {
      const { open, opens } = opensToScript(() => undefined);
      const opening = open({ signal: AbortSignal.abort(new Error('interrupted')) });
      await expect(opening).rejects.toThrow('interrupted');
      await settled();
      expect(opens).toEqual([]);
    });

    test('leaves a bytestream alone that is open already', async () => {
      const giveUp = new AbortController();
      const { his, hers } = await pairOfBytestreams({}, { signal: giveUp.signal });
      giveUp.abort(new Error('interrupted'));
      his.resume().end('x');
      expect(await readAll(hers)).toEqual(Buffer.from('x'));
    });
  });
});

describe('a bytestream that a peer opens', () => {
  test('is not acceptable by default, not even one', async () => {
    const [romeo, juliet] = linkedSessions();
    const service = new InBandBytestreams(juliet);
    expect(service.settings).toMatchObject({ sessionLimit: 0, maxBlockSize: 65_535 });
    const open = stanzas.open({ sid: 's1', blockSize: 4096, stanza: 'iq' });
    await expect(romeo.request('set', JULIET, open)).rejects.toMatchObject({
      type: 'cancel',
      condition: 'not-acceptable',
    });
    await expect(romeo.request('set', JULIET, data(0, 'x'))).rejects.toMatchObject({
      condition: 'item-not-found',
    });
  });

  test('is handed over after it was accepted, before its first block', async () => {
    const { open, wire, service } = scriptToService();
    service.onBytestream = (stream) => {
      unattended(stream);
      wire.lines.push(`accepted ${stream.sid} of ${stream.peer}`);
    };
    await open({ sid: 'i781hf64' });
    expect(wire.lines.slice(1)).toEqual(['juliet: open 4 taken', `accepted i781hf64 of ${ROMEO}`]);
  });

  test('is as it was asked for', async () => {
    const { open, streams } = scriptToService();
    await open({ sid: 's1', blockSize: 77, stanza: 'message' });
    expect(streams).toMatchObject([{ sid: 's1', blockSize: 77, stanza: 'message', peer: ROMEO }]);
  });

  test('is broken off where nobody is there to take it', async () => {
    const { romeo, clock } = pairOfServices();
    const stream = await romeo.open(JULIET);
    const error = errorOf(stream);
    await settled();
    await error;
    expect(clock.now()).toBe(0);
  });

  test('is one too many beyond the limit, until one of the others has ended', async () => {
    const { open, send, streams } = scriptToService({ sessionLimit: 2 });
    expect(await open({ sid: 's1' })).toBe('taken');
    expect(await open({ sid: 's2' })).toBe('taken');
    expect(await open({ sid: 's3' })).toBe('not-acceptable/cancel');
    streams[0]?.resume();
    await send(stanzas.close('s1'));
    await settled();
    expect(await open({ sid: 's3' })).toBe('taken');
    expect(streams.map(({ sid }) => sid)).toEqual(['s1', 's2', 's3']);
  });

  test('is one too many even when several are asked for in one go', async () => {
    const { juliet, wire } = scriptToService({ sessionLimit: 1 });
    // As when a single read of the network brings them all.
    for (const sid of ['s1', 's2', 's3']) {
      const open = stanzas.open({ sid, blockSize: 4, stanza: 'iq' });
      juliet.receive(parse(xml('iq', { type: 'set', id: sid, from: ROMEO }, open).toString()));
    }
    await settled();
    expect(wire.find(/taken/)).toHaveLength(1);
    expect(wire.find(/not-acceptable/)).toHaveLength(2);
  });

  test('under a sid that is in use is not acceptable, and the first one goes on', async () => {
    const { open, send, streams } = scriptToService({ sessionLimit: 5 });
    await open();
    streams[0]?.resume();
    await send(data(0, 'one '));
    expect(await open()).toBe('not-acceptable/cancel');
    expect(await send(data(1, 'two '))).toBe('taken');
    expect(streams).toHaveLength(1);
    expect(streams[0]?.bytesReceived).toBe(8);
  });

  test('twice in one go under one sid is one', async () => {
    const { juliet, streams, wire } = scriptToService({ sessionLimit: 5 });
    const open = stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' });
    for (const id of ['1', '2']) {
      juliet.receive(parse(xml('iq', { type: 'set', id, from: ROMEO }, open).toString()));
    }
    await settled();
    expect(streams).toHaveLength(1);
    expect(wire.find(/not-acceptable/)).toHaveLength(1);
  });

  test('may have the sid of one with somebody else', async () => {
    const { open, send, sendAs, streams } = scriptToService({ sessionLimit: 2 });
    const element = stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' });
    await open();
    expect(await sendAs(TYBALT, element)).toBe('taken');
    for (const stream of streams) stream.resume();
    expect(await send(data(0, 'one '))).toBe('taken');
    expect(await sendAs(TYBALT, data(0, 'two '))).toBe('taken');
    expect(streams.map(({ bytesReceived, peer }) => [peer, bytesReceived])).toEqual([
      [ROMEO, 4],
      [TYBALT, 4],
    ]);
  });

  test.each([
    [65_535, {}, 'taken'],
    [65_536, {}, 'resource-constraint/modify'],
    [4_294_967_296, {}, 'resource-constraint/modify'],
    [8192, { maxBlockSize: 8192 }, 'taken'],
    [8193, { maxBlockSize: 8192 }, 'resource-constraint/modify'],
  ])('with blocks of %s bytes, settings %j: %s', async (blockSize, settings, answer) => {
    const { open } = scriptToService(settings);
    expect(await open({ blockSize })).toBe(answer);
  });

  test('with blocks too large says how large they may be', async () => {
    const { romeo } = scriptToService({ maxBlockSize: 8192 });
    const open = stanzas.open({ sid: 's1', blockSize: 8193, stanza: 'iq' });
    await expect(romeo.request('set', JULIET, open)).rejects.toThrow('8192');
  });

  test('with blocks too large may be opened with smaller ones, by one who is let in once', async () => {
    const { open, service } = scriptToService({ maxBlockSize: 8192, sessionLimit: 0 });
    const expected = service.expect(ROMEO, 's1');
    expected.catch(() => undefined); // so that only this test fails where it does not come
    await settled();
    expect(await open({ blockSize: 16_384 })).toBe('resource-constraint/modify');
    expect(await open({ blockSize: 8192 })).toBe('taken');
    expect(unattended(await expected).blockSize).toBe(8192);
  });

  test.each([
    ['no sid', { sid: undefined }],
    ['a sid that is none', { sid: 'a b' }],
    ['no block-size', { 'block-size': undefined }],
    ['a block-size of 0', { 'block-size': '0' }],
    ['a negative block-size', { 'block-size': '-1' }],
    ['a block-size "abc"', { 'block-size': 'abc' }],
    ['stanzas of no kind', { stanza: 'presence' }],
  ])('with %s is a bad request', async (_what, attrs) => {
    const { send, streams } = scriptToService();
    const element = xml('open', {
      xmlns: stanzas.NS_IBB,
      sid: 's1',
      'block-size': '4096',
      ...attrs,
    });
    expect(await send(element)).toBe('bad-request/modify');
    expect(streams).toEqual([]);
  });

  test('in a request that only asks is not answered by us', async () => {
    const { romeo } = scriptToService();
    const open = stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' });
    await expect(romeo.request('get', JULIET, open)).rejects.toMatchObject({
      condition: 'service-unavailable',
    });
  });

  test('whose first block comes right behind it gets that block', async () => {
    const { wire, juliet, streams } = scriptToService();
    const open = stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' });
    const receive = (id: string, element: Element) =>
      juliet.receive(parse(xml('iq', { type: 'set', id, from: ROMEO }, element).toString()));
    receive('1', open);
    await Promise.resolve();
    await settled();
    receive('2', data(0, 'one '));
    receive('3', stanzas.close('s1'));
    const [stream] = streams;
    if (!stream) throw new Error('no bytestream');
    expect(await readAll(stream)).toEqual(Buffer.from('one '));
    await settled();
    expect(wire.find(/refused/)).toEqual([]);
  });

  test('that fails before its owner has it fails when the owner reads', async () => {
    const { juliet, service } = scriptToService();
    const receive = (id: string, element: Element) =>
      juliet.receive(parse(xml('iq', { type: 'set', id, from: ROMEO }, element).toString()));
    const accepted = new Promise<Bytestream>((resolve) => {
      service.onBytestream = resolve; // and listens to no errors
    });
    receive('1', stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' }));
    // As soon as the bytestream is known, and before the turn in which it is handed over.
    for (let count = 0; count < 20; count += 1) await Promise.resolve();
    receive('2', data(5, 'gap'));
    await expect(readAll(await accepted)).rejects.toThrow('unexpected-request');
  });
});

test('a bytestream that fails while its owner gets ready ends nothing but itself', async () => {
  const { open, send, service } = scriptToService();
  const accepted = new Promise<Bytestream>((resolve) => {
    service.onBytestream = resolve;
  });
  await open();
  const stream = await accepted;
  // The owner opens a file first, say, and listens to nothing yet.
  expect(await send(data(5, 'gap'))).toBe('unexpected-request/cancel');
  await settled();
  await expect(readAll(stream)).rejects.toThrow('unexpected-request');
});

describe('the operations of the registry', () => {
  /** Notes each call, and answers what the default would. */
  function noting(registry: HandlerRegistry) {
    const calls: unknown[][] = [];
    const answers = { authorized: true, authorized_sid: false };
    for (const op of ['authorized', 'authorized_sid', 'preauthorize_sid', 'get_stream']) {
      registry.register(
        (...all: unknown[]) => {
          calls.push([op, ...all]);
          return answers[op as keyof typeof answers];
        },
        'ibb',
        op,
      );
    }
    for (const op of ['set_stream', 'del_stream']) {
      registry.register((...all: unknown[]) => void calls.push([op, ...all]), 'ibb', op);
    }
    return calls;
  }

  test('are asked when a peer opens a bytestream, and told when it has opened and closed', async () => {
    const { open, send, registry, streams } = scriptToService({ sessionLimit: 0 });
    const calls = noting(registry);
    const asked = { sid: 's1', blockSize: 4, stanza: 'iq' };
    await open();
    const [stream] = streams;
    expect(calls).toEqual([
      ['get_stream', JULIET, 's1', ROMEO, undefined],
      ['authorized_sid', JULIET, 's1', ROMEO, asked],
      ['authorized', JULIET, 's1', ROMEO, asked],
      ['set_stream', JULIET, 's1', ROMEO, stream],
    ]);
    stream?.resume();
    await send(stanzas.close('s1'));
    await settled();
    expect(calls.slice(4)).toEqual([['del_stream', JULIET, 's1', ROMEO, stream]]);
  });

  test('are told of a bytestream of our own', async () => {
    const { open, registry } = opensToScript(() => undefined);
    const calls = noting(registry);
    const stream = await open({ sid: 's1' });
    expect(calls).toEqual([['set_stream', ROMEO, 's1', JULIET, stream]]);
    stream.destroy();
    await once(stream, 'close');
    await settled();
    expect(calls.slice(1)).toEqual([['del_stream', ROMEO, 's1', JULIET, stream]]);
  });

  test('are asked to let an expected one in', async () => {
    const { registry, service } = scriptToService();
    const calls = noting(registry);
    const giveUp = new AbortController();
    const expected = service.expect(ROMEO, 's1', { signal: giveUp.signal });
    await settled();
    expect(calls).toEqual([['preauthorize_sid', JULIET, 's1', ROMEO, undefined]]);
    giveUp.abort(new Error('interrupted'));
    await expect(expected).rejects.toThrow('interrupted');
  });

  test('do not ask whether all are let in when this sid is', async () => {
    const { open, registry } = scriptToService({ sessionLimit: 0 });
    const asked: string[] = [];
    registry.register(() => asked.push('sid') > 0, 'ibb', 'authorized_sid');
    registry.register(() => asked.push('all') > 0, 'ibb', 'authorized');
    expect(await open()).toBe('taken');
    expect(asked).toEqual(['sid']);
  });

  test('decide, at once or later, who is let in', async () => {
    const { open, sendAs, registry } = scriptToService({ sessionLimit: 0 });
    registry.register(async (_jid, _sid, from) => from === ROMEO, 'ibb', 'authorized');
    const element = stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' });
    expect(await sendAs(TYBALT, element)).toBe('not-acceptable/cancel');
    expect(await open()).toBe('taken');
  });

  test('may refuse with an error of their own', async () => {
    const { open, registry } = scriptToService();
    registry.register(
      () => Promise.reject(new StanzaError('auth', 'forbidden')),
      'ibb',
      'authorized',
    );
    expect(await open()).toBe('forbidden/auth');
  });

  test('that say that a sid is in use keep it from being opened', async () => {
    const { open, registry } = scriptToService();
    registry.register(() => 'a bytestream of another program', 'ibb', 'get_stream', { node: 's1' });
    expect(await open({ sid: 's1' })).toBe('not-acceptable/cancel');
    expect(await open({ sid: 's2' })).toBe('taken');
  });

  test('give the bytestream that is open', async () => {
    const { open, registry, streams } = scriptToService();
    const get = (node: string, from: string) =>
      registry.run('ibb', 'get_stream', { jid: JULIET, node, from });
    await open();
    expect(await get('s1', ROMEO)).toBe(streams[0]);
    expect(await get('s2', ROMEO)).toBeUndefined();
    expect(await get('s1', TYBALT)).toBeUndefined();
  });

  test('let a sid in once where nobody else would', async () => {
    const { open, send, registry, streams } = scriptToService({ sessionLimit: 0 });
    await registry.run('ibb', 'preauthorize_sid', { jid: JULIET, node: 's1', from: ROMEO });
    expect(await open({ sid: 's2' })).toBe('not-acceptable/cancel');
    expect(await open({ sid: 's1' })).toBe('taken');
    streams[0]?.resume();
    await send(stanzas.close('s1'));
    await settled();
    expect(await open({ sid: 's1' })).toBe('not-acceptable/cancel');
  });

  test('let in nobody else under that sid', async () => {
    const { sendAs, registry } = scriptToService({ sessionLimit: 0 });
    await registry.run('ibb', 'preauthorize_sid', { jid: JULIET, node: 's1', from: ROMEO });
    const element = stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' });
    expect(await sendAs(TYBALT, element)).toBe('not-acceptable/cancel');
  });

  test('that could not note a bytestream leave none behind', async () => {
    const { open, send, registry, streams } = scriptToService();
    registry.register(() => Promise.reject(new Error('the disk is full')), 'ibb', 'set_stream');
    expect(await open()).toBe('internal-server-error/cancel');
    expect(await send(data(0, 'x'))).toBe('item-not-found/cancel');
    registry.unregister('ibb', 'set_stream');
    expect(await open()).toBe('taken');
    expect(streams).toHaveLength(1);
  });

  test('that could not note a bytestream of our own leave none behind', async () => {
    const { open, juliet, registry } = opensToScript(() => undefined);
    registry.register(() => Promise.reject(new Error('the disk is full')), 'ibb', 'set_stream');
    await expect(open({ sid: 's1' })).rejects.toThrow('the disk is full');
    await settled();
    const late = juliet.request('set', ROMEO, data(0, 'late'), { timeout: 1000 });
    await expect(late).rejects.toMatchObject({ condition: 'item-not-found' });
  });
});

test('an operation that fails when a bytestream has closed ends nothing', async () => {
  const { open, send, registry, streams } = scriptToService();
  registry.register(() => Promise.reject(new Error('the disk is full')), 'ibb', 'del_stream');
  await open();
  streams[0]?.resume();
  expect(await send(stanzas.close('s1'))).toBe('taken');
  await settled();
  expect(await open({ sid: 's2' })).toBe('taken');
});

describe('an expected bytestream', () => {
  test('is accepted beyond the limit, by the one who expects it', async () => {
    const { open, service, streams } = scriptToService({ sessionLimit: 0 });
    const expected = service.expect(ROMEO, 's1');
    await settled();
    expect(await open({ sid: 's1', blockSize: 9 })).toBe('taken');
    const stream = unattended(await expected);
    expect(stream).toMatchObject({ sid: 's1', peer: ROMEO, blockSize: 9 });
    expect(streams).toEqual([]);
  });

  test('is accepted once', async () => {
    const { open, send, service } = scriptToService({ sessionLimit: 0 });
    const expected = service.expect(ROMEO, 's1');
    await settled();
    await open({ sid: 's1' });
    (await expected).resume();
    await send(stanzas.close('s1'));
    await settled();
    expect(await open({ sid: 's1' })).toBe('not-acceptable/cancel');
  });

  test('is not any other', async () => {
    const { open, sendAs, service } = scriptToService({ sessionLimit: 0 });
    const giveUp = new AbortController();
    const expected = service.expect(ROMEO, 's1', { signal: giveUp.signal });
    await settled();
    const element = stanzas.open({ sid: 's1', blockSize: 4, stanza: 'iq' });
    expect(await open({ sid: 's2' })).toBe('not-acceptable/cancel');
    expect(await sendAs(TYBALT, element)).toBe('not-acceptable/cancel');
    giveUp.abort(new Error('interrupted'));
    await expect(expected).rejects.toThrow('interrupted');
  });

  test('that does not come in time is not waited for, nor accepted, any more', async () => {
    const { open, service } = scriptToService({ sessionLimit: 0 });
    const expected = service.expect(ROMEO, 's1', { timeout: 1 });
    await expect(expected).rejects.toThrow(BytestreamNotOpened);
    await expect(expected).rejects.toThrow(ROMEO);
    expect(await open({ sid: 's1' })).toBe('not-acceptable/cancel');
  });

  test('that nobody expects any more is not accepted', async () => {
    const { open, service } = scriptToService({ sessionLimit: 0 });
    const giveUp = new AbortController();
    const expected = service.expect(ROMEO, 's1', { signal: giveUp.signal });
    await settled();
    giveUp.abort(new Error('interrupted'));
    await expect(expected).rejects.toThrow('interrupted');
    expect(await open({ sid: 's1' })).toBe('not-acceptable/cancel');
  });

  test('of one whose signal is aborted already is not waited for', async () => {
    const { open, service } = scriptToService({ sessionLimit: 0 });
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(service.expect(ROMEO, 's1', { signal })).rejects.toThrow('interrupted');
    expect(await open({ sid: 's1' })).toBe('not-acceptable/cancel');
  });

  test('is not waited for when the session has ended', async () => {
    const { juliet, service } = scriptToService();
    const expected = service.expect(ROMEO, 's1');
    await settled();
    const lost = new ConnectionLost('cut');
    juliet.end(lost);
    await expect(expected).rejects.toBe(lost);
    await expect(service.expect(ROMEO, 's2', { timeout: 1000 })).rejects.toBe(lost);
  });

  test('is expected by one alone', async () => {
    const { open, service } = scriptToService({ sessionLimit: 0 });
    const first = service.expect(ROMEO, 's1', { timeout: 1000 });
    await expect(service.expect(ROMEO, 's1', { timeout: 1 })).rejects.toThrow();
    await settled();
    expect(await open({ sid: 's1' })).toBe('taken');
    expect((await first).sid).toBe('s1');
  });

  test('is handed over though a handler takes its time to let it in', async () => {
    const { open, service, registry, streams } = scriptToService({ sessionLimit: 0 });
    let noted = () => {};
    registry.register(
      () =>
        new Promise<void>((resolve) => {
          noted = resolve;
        }),
      'ibb',
      'preauthorize_sid',
    );
    registry.register(() => true, 'ibb', 'authorized_sid');
    const expected = service.expect(ROMEO, 's1', { timeout: 1000 });
    expect(await open({ sid: 's1' })).toBe('taken');
    noted();
    expect(unattended(await expected).sid).toBe('s1');
    expect(streams).toEqual([]);
  });
});

describe('a service that is closed', () => {
  test('drops what is open and expected, and takes no more', async () => {
    const { juliet, hers, romeo } = await pairOfBytestreams({ sessionLimit: 5 });
    const error = errorOf(hers);
    const expected = juliet.expect(ROMEO, 's2');
    await settled();
    juliet.close();
    expect((await error).message).toContain('closed');
    await expect(expected).rejects.toThrow('closed');
    const again = romeo.open(JULIET, { sid: 's3' });
    await expect(again).rejects.toMatchObject({ condition: 'service-unavailable' });
  });

  test('leaves room for another on the same session', () => {
    const [romeo] = linkedSessions();
    new InBandBytestreams(romeo).close();
    expect(() => new InBandBytestreams(romeo)).not.toThrow();
  });
});
