import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { orAborted } from '../../src/session/aborted.js';

const never = new Promise<string>(() => undefined);

describe('what waits for work or a signal', () => {
  test('ends as the work does', async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve('done'), signal)).toBe('done');
    await expect(orAborted(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
    expect(await orAborted(Promise.resolve('done'), undefined)).toBe('done');
  });

  test('ends with the reason of a signal that aborts meanwhile, or has done so before', async () => {
    const controller = new AbortController();
    const waiting = orAborted(never, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(orAborted(never, controller.signal)).rejects.toThrow('enough');
  });

  test('leaves nothing at the signal', async () => {
    const { signal } = new AbortController();
    await orAborted(Promise.resolve(), signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
