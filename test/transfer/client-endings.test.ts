import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { exitCodeOf } from '../../src/failures.js';
import { InBandBytestreams } from '../../src/protocol/ibb/in-band-bytestreams.js';
import { JingleFileTransfers } from '../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../src/protocol/jingle/transports/ibb.js';
import { SiFileTransfers } from '../../src/protocol/si/si-file-transfers.js';
import { ConnectionLost, type StanzaSession } from '../../src/session/stanza-session.js';
import { describeSource } from '../../src/transfer/sending/describe-source.js';
import { sendFile } from '../../src/transfer/sending/send-file.js';
import { offerBare } from '../../src/transfer/ways/bare.js';
import { offerByJingle } from '../../src/transfer/ways/jingle.js';
import type { WayName } from '../../src/transfer/ways/names.js';
import { offerBySi } from '../../src/transfer/ways/si.js';
import { Script } from '../protocol/jingle/peers/script.js';
import { JULIET, linkedSessions, ROMEO } from '../support/linked-sessions.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { type Outcome, rows, unknown } from './client-endings.js';
import { BYTES } from './endings.js';
import { sourceOf } from './transfers.js';

const sessions: StanzaSession[] = [];
// Requests wait by the clock of the system.
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
  for (const session of sessions.splice(0)) session.end(new ConnectionLost('the test is over'));
});

/** Romeo sends a file to Juliet, who has another client. */
function sending(by: WayName) {
  const both = linkedSessions();
  sessions.push(...both);
  const [romeo, juliet] = both;
  const clock = new ManualClock();
  const bytestreams = new InBandBytestreams(romeo, { blockSize: 4096 }, undefined, clock);
  const offers = {
    jingle: () => offerByJingle(new JingleFileTransfers(romeo, [ibbTransport(bytestreams)], clock)),
    si: () => offerBySi(new SiFileTransfers(romeo, bytestreams)),
    ibb: () => offerBare(bytestreams),
  };
  const { signal } = new AbortController();
  const send = async () => {
    const source = sourceOf(BYTES);
    const offer = await describeSource(source, signal);
    const accepted = await offers[by]()({ peer: JULIET, ways: [] }, offer, { signal });
    return sendFile(accepted, source, offer, {
      signal,
      onProgress: () => undefined,
      onRead: () => undefined,
    });
  };
  return { send, clock, script: new Script(juliet, ROMEO) };
}

async function outcomeOf(sent: Promise<{ unverified?: true; success?: true }>): Promise<Outcome> {
  try {
    const { unverified, success } = await sent;
    if (!unverified) return 'sent';
    return success ? 'success' : 'delivered';
  } catch (error) {
    const { name } = error as Error;
    return `${name} (${exitCodeOf(error as Error)})`;
  }
}

test.each(rows)('%s, by %s: %s (R70)', async (_client, by, _words, play, expected) => {
  const { send, clock, script } = sending(by);
  let outcome: Outcome | undefined;
  const over = outcomeOf(send()).then((found) => {
    outcome = found;
  });
  const played = play(script);
  played.catch(() => undefined); // is told of below
  for (let turn = 0; turn < 200 && !outcome; turn += 1) {
    await settled();
    if (turn < 20) continue;
    jest.advanceTimersByTime(1000);
    await clock.advance(1000);
  }
  expect(outcome).toBe(expected);
  await over;
  await played;
});

const cells = (line: string) =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1);

test('the table of test/peers/README.md says the same (R70)', () => {
  const lines = readFileSync('test/peers/README.md', 'utf8').split('\n').map(cells);
  const all = [...rows, ...unknown];
  const known = new Set(all.map(([client, by]) => `${client} ${by}`));
  const told = lines.filter(([client, by]) => known.has(`${client} ${by}`));
  expect(told).toEqual(all.map(([client, by, words, , outcome]) => [client, by, words, outcome]));
});
