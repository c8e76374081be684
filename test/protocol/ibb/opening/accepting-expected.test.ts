import { describe, expect, test } from '@jest/globals';
import { ChannelNotOpened } from '../../../../src/protocol/channel.js';
import * as stanzas from '../../../../src/protocol/ibb/stanzas.js';
import { randomSid } from '../../../../src/protocol/sid.js';
import { ConnectionLost } from '../../../../src/session/stanza-session.js';
import { ROMEO } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';
import { scriptToService, TYBALT, unattended } from '../bytestreams.js';

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
    await expect(expected).rejects.toThrow(ChannelNotOpened);
    await expect(expected).rejects.toThrow(ROMEO);
    expect(await open({ sid: 's1' })).toBe('item-not-found/cancel');
  });

  // It was taken for one that nobody had announced, and the rest of a file got a name.
  test('that nobody expects any more is not accepted, though others are', async () => {
    const { open, service } = scriptToService({ sessionLimit: 1 });
    const giveUp = new AbortController();
    const expected = service.expect(ROMEO, 's1', { signal: giveUp.signal });
    await settled();
    giveUp.abort(new Error('interrupted'));
    await expect(expected).rejects.toThrow('interrupted');
    expect(await open({ sid: 's1' })).toBe('item-not-found/cancel');
    expect(await open({ sid: 's2' })).toBe('taken');
  });

  // It was handed to whoever takes what nobody expects, and the rest of a file passed for a whole one.
  test('that is given up while it is let in is taken by nobody', async () => {
    const { open, send, registry, service, streams } = scriptToService({ sessionLimit: 1 });
    const giveUp = new AbortController();
    const expected = service.expect(ROMEO, 's1', { signal: giveUp.signal });
    registry.register(() => giveUp.abort(new Error('interrupted')), 'ibb', 'set_stream');
    await settled();
    const opened = open({ sid: 's1' });
    await expect(expected).rejects.toThrow('interrupted');
    expect(await opened).toBe('taken');
    await settled();
    expect(streams).toEqual([]);
    expect(await send(stanzas.close('s1'))).toBe('item-not-found/cancel');
  });

  // A daemon that was started anew took the rest of a file for a whole one.
  test('that was announced to an earlier session is none that nobody announced', async () => {
    const { open, streams } = scriptToService({ sessionLimit: 1 });
    expect(await open({ sid: stanzas.announcedSid() })).toBe('item-not-found/cancel');
    expect(await open({ sid: randomSid() })).toBe('taken');
    await settled();
    expect(streams).toHaveLength(1);
  });

  test('of one whose signal is aborted already is not waited for', async () => {
    const { open, service } = scriptToService({ sessionLimit: 0 });
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(service.expect(ROMEO, 's1', { signal })).rejects.toThrow('interrupted');
    expect(await open({ sid: 's1' })).toBe('item-not-found/cancel');
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
