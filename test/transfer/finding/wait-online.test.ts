import { expect, test } from '@jest/globals';
import { infoElement, NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import { NS_JINGLE_MESSAGE } from '../../../src/protocol/jingle/message-initiation.js';
import { OfferUnanswered } from '../../../src/protocol/jingle/why-not-sent.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, StanzaSession } from '../../../src/session/stanza-session.js';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { sealingsBy } from '../../../src/transfer/keys/sealings.js';
import {
  KeyUntold,
  keyUntold,
  NotInStream,
  RecipientRefused,
  RecipientUnreachable,
} from '../../../src/transfer/recipient-errors.js';
import { Line } from '../../../src/transfer/sending/line.js';
import { Uplink } from '../../../src/transfer/sending/uplink.js';
import { jingle } from '../../../src/transfer/ways/jingle.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { sendingBy } from '../../support/sealing.js';

const ROMEO = 'romeo@montague.example/orchard';
const JULIET = 'juliet@capulet.example';
const INBAND = `${JULIET}/inband`;
const ABLE = [NS_DISCO_INFO, NS_JINGLE_MESSAGE, ...jingle.features];
const HOUR_S = 3600;

interface World {
  to?: string;
  /** Seconds. */
  waitOnline?: number;
  /** Whether Romeo sees who is online. */
  isContact?: boolean;
  /** How his server answers for who is not there. */
  absent?: string;
  client?: string;
}

/** Romeo looks for Juliet as a job does, in a world whose server answers for everybody. */
function romeoIn({
  to = JULIET,
  waitOnline = 3 * HOUR_S,
  isContact = false,
  absent = 'service-unavailable',
  client = 'x',
}: World = {}) {
  const clock = new ManualClock();
  const interrupt = new AbortController();
  const online = new Set<string>();
  const world = { absent, isDown: false, isMute: false, isSlow: false, isShy: false };
  let listeners = 0;
  const sessions: StanzaSession[] = [];
  /** Seconds at which her daemon was asked for, and proposals were made. */
  const asked: number[] = [];
  const proposed: number[] = [];
  const told: string[] = [];
  const second = () => Math.round(clock.now() / 1000);

  const discover = (session: StanzaSession, from: string, id: string | undefined) => {
    if (from === INBAND) asked.push(second());
    if (from === INBAND && world.isShy && asked.length > 1) return;
    const identity = { category: 'client', type: 'bot', name: client };
    const error = new StanzaError('cancel', world.absent).toElement();
    const isThere = online.has(from);
    const payload = isThere ? infoElement({ identity, features: ABLE }) : error;
    session.receive(xml('iq', { type: isThere ? 'result' : 'error', from, id }, payload));
  };
  const show = (session: StanzaSession) => {
    session.receive(xml('presence', { from: JULIET, type: 'unavailable' }));
    for (const from of isContact ? online : []) session.receive(xml('presence', { from }));
  };
  const open = () => {
    const session: StanzaSession = new StanzaSession(ROMEO, {
      write: async ({ name, attrs: { to: whom = '', id }, children }) => {
        const [first] = children as Element[];
        if (world.isMute) return;
        if (name === 'iq') discover(session, whom, id);
        else if (name === 'presence') show(session);
        else if (first?.getName() === 'propose') {
          proposed.push(second());
          session.receive(xml('message', { type: 'error', from: whom, id }));
        }
      },
      close: async () => undefined,
    });
    const listen = session.onPresence.bind(session);
    session.onPresence = (hears) => {
      const forget = listen(hears);
      listeners += 1;
      return () => {
        listeners -= 1;
        forget();
      };
    };
    sessions.push(session);
    return session;
  };
  const uplink = new Uplink(
    async () => {
      if (world.isDown) throw new ConnectionFailed('no route');
      if (world.isSlow) return new Promise<never>(() => undefined);
      return open();
    },
    () => undefined,
    () => true,
  );
  const line = new Line({
    ...{
      jid: to,
      sealing: sealingsBy(sendingBy())(to),
      via: undefined,
      settings: DEFAULT_SETTINGS,
      uplink,
      clock,
    },
    ...{ waitOnline: waitOnline * 1000, signal: interrupt.signal, report: () => undefined },
  });
  const waiting = {
    waits: (jid: string, _: Error, limit: number) =>
      told.push(`${jid} ${limit / 1000} ${second()}`),
    note: () => undefined,
  };
  const find = async (): Promise<string> => {
    for (;;) {
      try {
        return (await line.reach()).recipient.peer;
      } catch (error) {
        if (!(await line.comesOnline(error as Error, waiting))) throw error;
      }
    }
  };
  const outcomeOf = (found: Promise<string>) => found.catch((error: Error) => error);
  const comes = (jid: string) => {
    online.add(jid);
    if (isContact) sessions.at(-1)?.receive(xml('presence', { from: jid }));
  };
  const goes = (jid: string) => {
    online.delete(jid);
    sessions.at(-1)?.receive(xml('presence', { from: jid, type: 'unavailable' }));
  };
  const look = () => {
    const outcome = outcomeOf(find());
    let isOver = false;
    void outcome.then(() => {
      isOver = true;
    });
    return { outcome, isOver: () => isOver };
  };
  return {
    ...{ clock, interrupt, world, sessions, asked, proposed, told, line, waiting },
    ...{ look, comes, goes, listeners: () => listeners },
  };
}

/** The differences from each to the next. */
const gaps = (seconds: number[]) => seconds.slice(1).map((at, index) => at - (seconds[index] ?? 0));

test('who is not there is asked for at 15 s, growing to 5 min, and found when there is an answer (R340)', async () => {
  const { look, clock, asked, told, comes } = romeoIn();
  const { outcome, isOver } = look();
  await clock.advance(HOUR_S * 1000);
  expect(told).toEqual([`${JULIET} ${3 * HOUR_S} 0`]);
  // The second time together with the proposal, when who is there has had a second to show.
  expect(gaps(asked).slice(0, 8)).toEqual([1, 15, 30, 60, 120, 240, 300, 300]);
  comes(INBAND);
  expect(isOver()).toBe(false);
  await clock.advance(300_000);
  expect(await outcome).toBe(INBAND);
});

test('who is seen to come is found at once (R341)', async () => {
  const { look, clock, comes } = romeoIn({ isContact: true });
  const { outcome, isOver } = look();
  await clock.advance(20_000);
  comes(INBAND);
  await settled();
  expect(isOver()).toBe(true);
  expect(await outcome).toBe(INBAND);
});

test('a file is proposed once at the start, and once more when somebody has come (R342)', async () => {
  const { look, clock, proposed, comes, goes } = romeoIn({ isContact: true, client: 'Dino' });
  const { isOver } = look();
  await clock.advance(HOUR_S * 1000);
  expect(proposed).toHaveLength(1);
  // Nobody who comes takes files, so that each is a reason to look again.
  for (const name of ['phone', 'desk', 'phone']) {
    const jid = `${JULIET}/${name}`;
    comes(jid);
    goes(jid);
    await clock.advance(10_000);
  }
  expect(isOver()).toBe(false);
  expect(proposed).toEqual([1, HOUR_S]);
});

test('a look that takes longer ends with the time that was given (R782)', async () => {
  const { look, clock, world, listeners } = romeoIn({ waitOnline: 3 });
  world.isShy = true;
  const { outcome, isOver } = look();
  await clock.advance(2_999);
  expect(isOver()).toBe(false);
  await clock.advance(1);
  expect(isOver()).toBe(true);
  const { message } = (await outcome) as Error;
  expect(message.match(/though it was waited for 3 s/g)).toHaveLength(1);
  expect(listeners()).toBe(0);
});

test('where nobody waits a file is proposed as before', async () => {
  const { look, clock, proposed } = romeoIn({ waitOnline: 0 });
  const { outcome } = look();
  await clock.advance(1000);
  expect(await outcome).toBeInstanceOf(RecipientUnreachable);
  expect(proposed).toEqual([0]);
});

test('the time counts from the start, and when it is over nobody was there (R343)', async () => {
  const { look, clock } = romeoIn({ waitOnline: 90 });
  const { outcome, isOver } = look();
  await clock.advance(88_000);
  expect(isOver()).toBe(false);
  await clock.advance(3_000);
  const error = (await outcome) as Error;
  expect(error).toBeInstanceOf(RecipientUnreachable);
  expect(error.message).toMatch(
    /^nobody at juliet@capulet\.example took the file .*, though it was waited for 90 s$/,
  );
});

test('who is there, and does not tell a key that is known, is waited for, and ends as such (R1030)', async () => {
  const { line, waiting, clock, world } = romeoIn({ waitOnline: 90 });
  world.isSlow = true;
  const error = keyUntold(INBAND, new Error('no answer'));
  const outcome = line.comesOnline(error, waiting).catch((reason) => reason as Error);
  await clock.advance(91_000);
  expect(await outcome).toBeInstanceOf(KeyUntold);
});

test.each([
  ['an unknown domain', { absent: 'remote-server-not-found' }],
  ['an unknown domain of a full JID', { absent: 'remote-server-not-found', to: INBAND }],
  ['an account that has moved', { absent: 'gone' }],
  ['whom the own server lets nothing through to', { absent: 'not-allowed' }],
])('%s is not waited for (R344)', async (_, world) => {
  const { look, clock, told, line, waiting } = romeoIn(world);
  const found = await look().outcome;
  await clock.advance(1000);
  const error =
    found instanceof Error
      ? found
      : new RecipientUnreachable('not there', { cause: new StanzaError('cancel', world.absent) });
  expect(await line.comesOnline(error, waiting)).toBe(false);
  expect(told).toEqual([]);
});

test.each(['not-allowed', 'gone', 'service-unavailable'])(
  'before it ends with %s a file is proposed once, whether somebody would be waited for or not (R430)',
  async (absent) => {
    const counts: number[] = [];
    for (const waitOnline of [0, 60]) {
      const { look, clock, proposed } = romeoIn({ absent, waitOnline });
      const { outcome } = look();
      await clock.advance(70_000);
      expect(await outcome).toBeInstanceOf(RecipientUnreachable);
      counts.push(proposed.length);
    }
    expect(counts).toEqual([1, 1]);
  },
);

test('what is refused for another reason is not waited for (R344)', async () => {
  const { line, waiting } = romeoIn();
  for (const error of [
    new RecipientRefused('no'),
    new NotInStream('it would be lost'),
    new ConnectionFailed('no route'),
  ]) {
    expect(await line.comesOnline(error, waiting)).toBe(false);
  }
});

test('who is there and does not decide is not asked again, after a wait either (R437)', async () => {
  const { look, clock, comes, line, waiting, told } = romeoIn();
  const cause = new OfferUnanswered('nobody has answered');
  const undecided = new RecipientUnreachable('nobody has answered', { cause });
  expect([await line.comesOnline(undecided, waiting), told]).toEqual([false, []]);
  const { outcome } = look();
  await clock.advance(20_000);
  comes(INBAND);
  await clock.advance(300_000);
  expect(await outcome).toBe(INBAND);
  expect(await line.comesOnline(undecided, waiting)).toBe(false);
});

test('a domain that has answered before may be found again (R344)', async () => {
  const { look, clock, world, comes } = romeoIn();
  const { outcome, isOver } = look();
  await clock.advance(20_000);
  world.absent = 'remote-server-not-found';
  await clock.advance(600_000);
  expect(isOver()).toBe(false);
  comes(INBAND);
  await clock.advance(300_000);
  expect(await outcome).toBe(INBAND);
});

test('the user’s own end is the end at once (R345)', async () => {
  const { look, clock, interrupt } = romeoIn();
  const { outcome } = look();
  await clock.advance(20_000);
  interrupt.abort(new Error('enough'));
  expect(await outcome).toMatchObject({ message: 'enough' });
});

test('a connection that is lost is made anew, and the time goes on from the start (R346)', async () => {
  const { look, clock, sessions, world } = romeoIn({ waitOnline: 3600 });
  const { outcome, isOver } = look();
  await clock.advance(1_000_000);
  world.isDown = true;
  sessions.at(-1)?.end(new ConnectionLost('cut'));
  await clock.advance(1_000_000);
  expect([isOver(), sessions.length]).toEqual([false, 1]);
  world.isDown = false;
  await clock.advance(1_000_000);
  expect([isOver(), sessions.length]).toEqual([false, 2]);
  await clock.advance(700_000);
  expect(await outcome).toBeInstanceOf(RecipientUnreachable);
});

test('on the new connection it is looked for, and watched, at once (R346)', async () => {
  const { look, clock, sessions, comes } = romeoIn({ isContact: true });
  const { outcome, isOver } = look();
  await clock.advance(1_000_000);
  sessions.at(-1)?.end(new ConnectionLost('cut'));
  await clock.advance(2_000);
  expect([isOver(), sessions.length]).toEqual([false, 2]);
  comes(INBAND);
  await settled();
  expect(isOver()).toBe(true);
  expect(await outcome).toBe(INBAND);
});

test('a server that ends each session is not logged in to without a pause (R346)', async () => {
  const { look, clock, sessions } = romeoIn();
  look();
  for (let second = 0; second < 600; second += 1) {
    await clock.advance(1000);
    sessions.at(-1)?.end(new ConnectionLost('cut'));
  }
  expect(sessions.length).toBeLessThan(30);
});

test('where we are offline when the time is over, that is told (R343)', async () => {
  const { look, clock, sessions, world } = romeoIn({ waitOnline: 600 });
  const { outcome } = look();
  await clock.advance(20_000);
  world.isDown = true;
  sessions.at(-1)?.end(new ConnectionLost('cut'));
  await clock.advance(700_000);
  expect(await outcome).toBeInstanceOf(ConnectionFailed);
});

test('files wait once for a recipient, together, and anew when it has come and gone (R347)', async () => {
  const { look, line, clock, told, comes, goes } = romeoIn();
  const looks = [look(), look(), look()];
  await clock.advance(20_000);
  expect(told).toHaveLength(1);
  comes(INBAND);
  await clock.advance(300_000);
  expect(await Promise.all(looks.map(({ outcome }) => outcome))).toEqual(Array(3).fill(INBAND));
  line.came();
  line.forget();
  goes(INBAND);
  look();
  await clock.advance(20_000);
  expect(told).toEqual([`${JULIET} 10800 0`, `${JULIET} 10800 320`]);
});

test('nobody is watched once a file is taken, or the time is over (R431)', async () => {
  const { look, line, clock, comes, listeners } = romeoIn({ isContact: true });
  const { outcome } = look();
  await clock.advance(20_000);
  expect(listeners()).toBe(1);
  comes(INBAND);
  await outcome;
  line.came();
  expect(listeners()).toBe(0);
  const late = romeoIn({ waitOnline: 60 });
  const over = late.look();
  await late.clock.advance(61_000);
  expect([await over.outcome, late.listeners()]).toEqual([expect.any(RecipientUnreachable), 0]);
});

test.each([
  ['a pause between two connections', { isDown: true }, ConnectionFailed],
  ['a connection that does not come about', { isSlow: true }, ConnectionLost],
] as const)('%s does not outlast the time (R432)', async (_, now, kind) => {
  const { look, clock, sessions, world } = romeoIn({ waitOnline: 600 });
  const { outcome, isOver } = look();
  await clock.advance(400_000);
  Object.assign(world, now);
  sessions.at(-1)?.end(new ConnectionLost('cut'));
  await clock.advance(599_000 - clock.now());
  expect(isOver()).toBe(false);
  await clock.advance(1_000);
  expect(isOver()).toBe(true);
  expect(await outcome).toBeInstanceOf(kind);
});

test('a question that is not answered does not outlast the time, and the last one is asked before it (R432)', async () => {
  const { look, clock, asked, world } = romeoIn({ waitOnline: 600 });
  const { outcome, isOver } = look();
  await clock.advance(590_000);
  world.isMute = true;
  await clock.advance(12_000);
  expect(isOver()).toBe(true);
  expect(await outcome).toBeInstanceOf(RecipientUnreachable);
  expect(asked.at(-1)).toBeLessThan(600);
});
