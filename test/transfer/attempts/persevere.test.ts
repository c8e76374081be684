import { expect, test } from '@jest/globals';
import { ResourceConflict } from '../../../src/session/connection/resource-conflict.js';
import { NotAuthorized } from '../../../src/session/login/sasl.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import {
  ConnectionFailed,
  ServerNotTrusted,
} from '../../../src/session/stream/connection-errors.js';
import { persevere } from '../../../src/transfer/attempts/persevere.js';
import type { Report } from '../../../src/transfer/events.js';
import { ManualClock } from '../../support/manual-clock.js';

const PORTAL = new ServerNotTrusted('the certificate is not trusted');
const REFUSED = new NotAuthorized('the server refused the login');
const LOST = new ConnectionLost('the connection was lost');

/** What becomes of one who is online at first, when the logins after that end so; the last one stays online. */
async function after(...ends: Error[]) {
  return follow(['online', ...ends]);
}

async function follow(ends: ('online' | Error)[], passwords: string[] = []) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const notes: string[] = [];
  const interrupt = new AbortController();
  let logins = 0;
  let outcome: Error | undefined;
  const report: Report = (event) => {
    if (event.event === 'warning' || event.event === 'notice') warnings.push(event.text);
    if (event.event === 'note') notes.push(event.text);
  };
  const renew = async () => passwords.shift() !== undefined;
  void persevere({ signal: interrupt.signal, report, renew, clock }, async (isOnline) => {
    const end = ends[logins];
    logins += 1;
    if (end instanceof Error) throw end;
    isOnline();
    if (end === 'online') throw LOST;
    await new Promise(() => undefined);
  }).catch((error) => {
    outcome = error;
  });
  await clock.advance(0);
  return { clock, warnings, notes, logins: () => logins, outcome: () => outcome };
}

test.each([
  ['another server in its place', PORTAL],
  ['a network that is down', new ConnectionFailed('no route')],
])(
  'one who was online comes back after %s, however long, and warns once (R86)',
  async (_, error) => {
    const { clock, warnings, notes, logins, outcome } = await after(...Array(50).fill(error));
    await clock.advance(3 * 60 * 60 * 1000);
    expect(logins()).toBe(52);
    expect(notes[0]).toBe('still offline; next try in 2 s');
    expect(outcome()).toBeUndefined();
    expect(warnings).toEqual([
      'the connection was lost; trying again',
      expect.stringMatching(new RegExp(`^${error.message}; next try in 1 s$`)),
    ]);
  },
);

test('another server is not tried again and again before the first session', async () => {
  const { clock, logins, outcome } = await follow([PORTAL]);
  await clock.advance(60_000);
  expect([logins(), outcome()]).toEqual([1, PORTAL]);
});

test('a password that was right is tried once more after half a minute, for accounts may be out of reach (R86)', async () => {
  const { clock, logins, outcome } = await after(REFUSED);
  await clock.advance(29_000);
  expect(logins()).toBe(2);
  await clock.advance(2_000);
  expect([logins(), outcome()]).toEqual([3, undefined]);
});

test('a password that is refused twice is not tried again', async () => {
  const { clock, logins, outcome } = await after(REFUSED, REFUSED);
  await clock.advance(60 * 60 * 1000);
  expect([logins(), outcome()]).toEqual([3, REFUSED]);
});

test('another password is tried at once, but not without an end', async () => {
  const passwords = Array(100).fill('another');
  const { clock, logins, outcome } = await follow(
    ['online', ...Array(100).fill(REFUSED)],
    passwords,
  );
  await clock.advance(29_000);
  expect([logins(), outcome()]).toEqual([5, REFUSED]);
});

test('one whose resource another client has taken does not come back', async () => {
  const taken = new ResourceConflict('taken');
  const { clock, logins, outcome } = await after(taken);
  await clock.advance(60 * 60 * 1000);
  expect([logins(), outcome()]).toEqual([2, taken]);
});
