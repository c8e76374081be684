import { describe, expect, test } from '@jest/globals';
import type { Bytestream } from '../../../../src/protocol/ibb/bytestream.js';
import { InBandBytestreams } from '../../../../src/protocol/ibb/in-band-bytestreams.js';
import * as stanzas from '../../../../src/protocol/ibb/stanzas.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import { JULIET, linkedSessions, parse, ROMEO } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';
import {
  data,
  errorOf,
  pairOfBytestreams,
  pairOfServices,
  readAll,
  scriptToService,
  TYBALT,
  unattended,
} from '../bytestreams.js';

describe('a bytestream that a peer opens', () => {
  test('is not acceptable by default, not even one (R4)', async () => {
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

  test('under a sid that is in use is not acceptable, and the first one goes on (R49)', async () => {
    const { open, send, streams } = scriptToService({ sessionLimit: 5 });
    await open();
    streams[0]?.resume();
    await send(data(0, 'one '));
    expect(await open()).toBe('not-acceptable/cancel');
    expect(await send(data(1, 'two '))).toBe('taken');
    expect(streams).toHaveLength(1);
    expect(streams[0]?.incoming.bytes).toBe(8);
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
    expect(streams.map(({ incoming, peer }) => [peer, incoming.bytes])).toEqual([
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
