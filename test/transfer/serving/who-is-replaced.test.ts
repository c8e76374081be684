import { expect, test } from '@jest/globals';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import type { Connect } from '../../../src/transfer/connect.js';
import type { Event } from '../../../src/transfer/events.js';
import { warnOfReplaced } from '../../../src/transfer/serving/who-is-replaced.js';
import { type Intercept, linkedSessions } from '../../support/linked-sessions.js';

/** Looks whom it will throw out; what came of it, and what was told. */
async function looking(connect: Connect, signal = new AbortController().signal) {
  const told: string[] = [];
  const report = (event: Event) => 'text' in event && told.push(`${event.event}: ${event.text}`);
  const account = 'romeo@montague.example';
  const outcome = await warnOfReplaced({ account, connect, report, signal }).then(
    () => 'goes on',
    ({ message }: Error) => message,
  );
  return { outcome, told };
}

/** Online, where each stanza that we send comes to this. */
const online =
  (intercept: Intercept): Connect =>
  async () =>
    linkedSessions(intercept)[0];

test('what ends the session that looks whom it will throw out ends nothing else (R1231)', async () => {
  const sessions = linkedSessions((_stanza, _deliver) => sessions[0].end(new Error('cut')));
  expect(await looking(async () => sessions[0])).toEqual({
    outcome: 'goes on',
    told: ['note: nobody knows whether romeo@montague.example/inband is online already: cut'],
  });
});

test('the signal ends it (R1231)', async () => {
  const interrupt = new AbortController();
  const connect = online(() => interrupt.abort(new Error('interrupted')));
  expect(await looking(connect, interrupt.signal)).toEqual({ outcome: 'interrupted', told: [] });
});

test('what keeps it from being online keeps everything from it (R1231)', async () => {
  const connect = () => Promise.reject(new ConnectionFailed('no way'));
  expect(await looking(connect)).toEqual({ outcome: 'no way', told: [] });
});
