import { describe, expect, jest, test } from '@jest/globals';
import { Requests, RequestTimeout } from '../../src/session/requests.js';
import { xml } from '../../src/session/xml.js';
import { settled } from '../support/manual-clock.js';

const OWN = 'juliet@capulet.example/balcony';
const ROMEO = 'romeo@montague.example/orchard';

/** A request to `to`, and whether an answer from `from` was taken. */
async function takes(to: string | undefined, from: string | undefined): Promise<boolean> {
  const requests = new Requests(OWN);
  const { id, reply } = requests.register(to, { timeout: Number.POSITIVE_INFINITY });
  let taken = false;
  reply.then(
    () => {
      taken = true;
    },
    () => undefined,
  );
  requests.receive(xml('iq', { type: 'result', id, from }));
  await settled();
  return taken;
}

describe('an answer', () => {
  test.each([
    [ROMEO, ROMEO],
    [ROMEO, 'ROMEO@Montague.EXAMPLE/orchard'],
    ['Romeo@montague.example/orchard', ROMEO],
    // RFC 6122 folds what RFC 7622 does not: the server answers in its own form.
    ['straße@montague.example/x', 'strasse@montague.example/x'],
    ['romeo@bücher.example', 'romeo@xn--bcher-kva.example'],
    ['romeo@montague.example', 'romeo@montague.example'],
    ['montague.example', 'montague.example'],
    ['capulet.example', 'capulet.example'],
    // RFC 6120 §8.1.2.1: the server answers for the account, in its name or in none.
    [undefined, undefined],
    [undefined, 'juliet@capulet.example'],
    [undefined, OWN],
    ['juliet@capulet.example', undefined],
    ['juliet@capulet.example', 'juliet@capulet.example'],
    ['juliet@capulet.example/chamber', 'juliet@capulet.example/chamber'],
  ])('to a request to %s is taken from %s', async (to, from) => {
    expect(await takes(to, from)).toBe(true);
  });

  test.each([
    [ROMEO, 'tybalt@capulet.example/street'],
    [ROMEO, 'romeo@montague.example'],
    [ROMEO, 'romeo@montague.example/Orchard'],
    [ROMEO, 'montague.example'],
    [ROMEO, undefined],
    [ROMEO, OWN],
    [ROMEO, ''],
    [ROMEO, '@'],
    ['romeo@montague.example', ROMEO],
    ['montague.example', undefined],
    ['juliet@capulet.example/chamber', undefined],
    ['juliet@capulet.example/chamber', OWN],
    [undefined, ROMEO],
    [undefined, 'juliet@capulet.example/chamber'],
    [undefined, 'juliet@montague.example'],
    [undefined, 'capulet.example.evil.example'],
  ])('to a request to %s is not taken from %s', async (to, from) => {
    expect(await takes(to, from)).toBe(false);
  });

  test('is taken from the one who was asked though others tried before (R7)', async () => {
    const requests = new Requests(OWN);
    const { id, reply } = requests.register(ROMEO);
    requests.receive(xml('iq', { type: 'error', id, from: 'tybalt@capulet.example/street' }));
    requests.receive(xml('iq', { type: 'result', id: 'another', from: ROMEO }));
    requests.receive(xml('iq', { type: 'result', from: ROMEO }));
    const answer = xml('iq', { type: 'result', id, from: ROMEO });
    requests.receive(answer);
    expect(await reply).toBe(answer);
  });

  test('is taken once', async () => {
    const requests = new Requests(OWN);
    const { id, reply } = requests.register(ROMEO);
    const answer = xml('iq', { type: 'result', id, from: ROMEO });
    requests.receive(answer);
    requests.receive(xml('iq', { type: 'error', id, from: ROMEO }));
    requests.fail(id, new Error('late'));
    expect(await reply).toBe(answer);
  });

  test('of type error is an error, even an empty one', async () => {
    const requests = new Requests(OWN);
    const { id, reply } = requests.register(ROMEO);
    requests.receive(xml('iq', { type: 'error', id, from: ROMEO }));
    await expect(reply).rejects.toMatchObject({ condition: 'undefined-condition' });
  });
});

describe('a request', () => {
  test('has an id that nobody can guess', () => {
    const requests = new Requests(OWN);
    const ids = Array.from({ length: 100 }, () => {
      const { id, reply } = requests.register(ROMEO);
      reply.catch(() => undefined);
      return id;
    });
    requests.failAll(new Error('the test is over'));
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
  });

  test("is given up in time, and the answer that comes later is nobody's", async () => {
    const requests = new Requests(OWN);
    const { id, reply } = requests.register(ROMEO, { timeout: 1 });
    await expect(reply).rejects.toThrow(RequestTimeout);
    await expect(reply).rejects.toThrow(ROMEO);
    requests.receive(xml('iq', { type: 'result', id, from: ROMEO }));
  });

  test('has all its time once the connection is back, and may be made and answered meanwhile (R27)', async () => {
    jest.useFakeTimers();
    try {
      const requests = new Requests(OWN);
      const early = requests.register(ROMEO, { timeout: 1_000 });
      jest.advanceTimersByTime(600);
      requests.hold();
      const meanwhile = requests.register(ROMEO, { timeout: 1_000 });
      const answered = requests.register(ROMEO, { timeout: 1_000 });
      expect(jest.getTimerCount()).toBe(0);
      jest.advanceTimersByTime(60_000);
      requests.receive(xml('iq', { type: 'result', id: answered.id, from: ROMEO }));
      requests.release();
      await answered.reply;
      expect(jest.getTimerCount()).toBe(2);
      jest.advanceTimersByTime(400);
      await expect(early.reply).rejects.toThrow(RequestTimeout);
      jest.advanceTimersByTime(600);
      await expect(meanwhile.reply).rejects.toThrow(RequestTimeout);
    } finally {
      jest.useRealTimers();
    }
  });

  test('to the own server that is given up says so', async () => {
    const { reply } = new Requests(OWN).register(undefined, { timeout: 1 });
    await expect(reply).rejects.toThrow('no answer from the server');
  });

  test('is given up when its signal says so, with its reason', async () => {
    const requests = new Requests(OWN);
    const giveUp = new AbortController();
    const { reply } = requests.register(ROMEO, { signal: giveUp.signal });
    giveUp.abort(new Error('interrupted'));
    await expect(reply).rejects.toThrow('interrupted');
    const late = requests.register(ROMEO, { signal: giveUp.signal });
    await expect(late.reply).rejects.toThrow('interrupted');
  });

  test('that was answered does not listen to its signal any more', async () => {
    const requests = new Requests(OWN);
    const { signal } = new AbortController();
    const listeners: string[] = [];
    signal.addEventListener = (type: string) => void listeners.push(`+${type}`);
    signal.removeEventListener = (type: string) => void listeners.push(`-${type}`);
    const { id, reply } = requests.register(ROMEO, { signal });
    requests.receive(xml('iq', { type: 'result', id, from: ROMEO }));
    await reply;
    expect(listeners).toEqual(['+abort', '-abort']);
  });

  test('that was answered or has failed leaves no timer that keeps the process running', () => {
    jest.useFakeTimers();
    try {
      const requests = new Requests(OWN);
      const { id } = requests.register(ROMEO);
      const { reply } = requests.register(ROMEO);
      reply.catch(() => undefined);
      expect(jest.getTimerCount()).toBe(2);
      requests.receive(xml('iq', { type: 'result', id, from: ROMEO }));
      expect(jest.getTimerCount()).toBe(1);
      requests.failAll(new Error('cut'));
      expect(jest.getTimerCount()).toBe(0);
      const endless = requests.register(ROMEO, { timeout: Number.POSITIVE_INFINITY });
      endless.reply.catch(() => undefined);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test('fails with all the others', async () => {
    const requests = new Requests(OWN);
    const replies = [1, 2, 3].map(() => requests.register(ROMEO).reply);
    const cut = new Error('cut');
    requests.failAll(cut);
    for (const result of await Promise.allSettled(replies)) {
      expect(result).toEqual({ status: 'rejected', reason: cut });
    }
  });
});
