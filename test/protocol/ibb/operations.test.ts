import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import * as stanzas from '../../../src/protocol/ibb/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { data, opensToScript, scriptToService, TYBALT } from './bytestreams.js';

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
