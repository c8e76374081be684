import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { NoSuchBlob } from '../../../src/protocol/bob/bits-of-binary.js';
import { BlobMismatch } from '../../../src/protocol/bob/blob-store.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { askInTurn } from '../../../src/transfer/blobs/ask-in-turn.js';
import type { Event } from '../../../src/transfer/events.js';

const busy = () =>
  new NoSuchBlob('later', { cause: new StanzaError('wait', 'resource-constraint') });
const { signal } = new AbortController();

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Asks peers that answer so, each time with their next answer; who was asked, and what the user heard. */
async function asking(answers: Record<string, (string | Error)[]>) {
  const asked: string[] = [];
  const events: Event[] = [];
  async function* peers() {
    yield* Object.keys(answers);
  }
  const ask = async (peer: string) => {
    asked.push(peer);
    const answer = answers[peer]?.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const report = (event: Event) => void events.push(event);
  const outcome = askInTurn(peers(), { ask, report, signal }).catch((error) => error);
  await jest.advanceTimersByTimeAsync(20_000);
  const warnings = events.flatMap((one) => (one.event === 'warning' ? one.text : []));
  const notices = events.flatMap((one) => (one.event === 'notice' ? one.text : []));
  return { outcome: await outcome, asked, warnings, notices };
}

test('the first who has the blob is the last who is asked, and those before are told (R779)', async () => {
  const none = new NoSuchBlob('a has none');
  const { outcome, asked, notices } = await asking({ a: [none], b: ['blob'], c: ['too'] });
  expect([outcome, asked, notices]).toEqual(['blob', ['a', 'b'], ['a has none']]);
});

test('where nobody has it, the last answer says so (R779)', async () => {
  const [first, last] = [new NoSuchBlob('a has none'), new NoSuchBlob('b has none')];
  const { outcome, notices } = await asking({ a: [first], b: [last] });
  expect([outcome, notices]).toEqual([last, []]);
});

test('what somebody sent instead is told rather than that others have nothing', async () => {
  const other = new BlobMismatch('something else');
  const answers = { a: [new NoSuchBlob('none')], b: [other], c: [new NoSuchBlob('none')] };
  expect((await asking(answers)).outcome).toBe(other);
});

test('those who are busy are asked again, and nobody else; the user is told once (R140)', async () => {
  const answers = { a: [busy(), busy(), 'blob'], b: [new NoSuchBlob('none')] };
  const { outcome, asked, warnings } = await asking(answers);
  expect([outcome, asked]).toEqual(['blob', ['a', 'b', 'a', 'a']]);
  expect(warnings).toEqual([expect.stringMatching(/^a is busy; next try in 1 s$/)]);
});
