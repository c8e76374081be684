import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ChannelBroken, ChannelNotOpened } from '../../../src/protocol/channel.js';
import { JingleEnded } from '../../../src/protocol/jingle/session/jingle-ended.js';
import { OfferUnanswered } from '../../../src/protocol/jingle/why-not-sent.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import type { Element } from '../../../src/session/xml.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { pattern, readAll, unattended } from '../ibb/bytestreams.js';
import { accepted, leftOf, offered, type Pair, pairOfTransfers } from './transfers.js';

const LETTER = {
  ...{ name: 'letter.txt', size: 6 },
  hashes: new Map([['sha-256', Buffer.alloc(32)]]), // without one nothing but the whole is offered
};

/** Keeps what Juliet or Romeo says until the test lets it go; of the stanzas that `holds` says. */
function held(holds: (stanza: Element) => boolean) {
  const kept: (() => void)[] = [];
  const intercept = (stanza: Element, deliver: (stanza: Element) => void) => {
    if (holds(stanza)) kept.push(() => deliver(stanza));
    else deliver(stanza);
  };
  return { intercept, release: () => kept.splice(0).map((deliver) => deliver()) };
}

const says = (what: string) => (stanza: Element) => {
  const [payload] = stanza.getChildElements();
  return (payload?.attrs.action ?? payload?.name) === what;
};
const answersOf = (jid: string) => (stanza: Element) =>
  stanza.attrs.type === 'result' && stanza.attrs.from === jid;

describe('an offer', () => {
  test('brings what is said of the file, and the bytestream that was agreed on', async () => {
    const pair = pairOfTransfers({ blockSize: 600, maxBlockSize: 512 });
    const file = {
      ...{ name: 'letter.txt', size: 6, mediaType: 'text/plain', description: 'O Romeo' },
      date: new Date('1969-07-21T02:56:15Z'),
      hashes: new Map([['sha-256', Buffer.alloc(32, 1)]]),
    };
    const { outgoing, incoming, hers } = await accepted(pair, file);
    expect(incoming.peer).toBe(pair.sessions[0].jid);
    expect(incoming.offer).toMatchObject(file);
    expect(incoming.ranged).toBe(true);
    expect(incoming.hashFunctions).toEqual(['sha-256']);
    expect(outgoing.range).toEqual({ offset: 0 });
    expect(outgoing.channel).toMatchObject({ blockSize: 512 });
    expect(hers).toMatchObject({ blockSize: 512 });
    expect(pair.wire.find(/open/)).toEqual(['romeo: open 512', 'juliet: open 512 taken']);
  });

  test('of what has no size and no hash offers no part of it, and says which hash will follow', async () => {
    const pair = pairOfTransfers();
    const { incoming } = await accepted(pair, { name: 'stdin' });
    expect(incoming.offer).toMatchObject({ name: 'stdin' });
    expect(incoming.offer.size).toBeUndefined();
    expect(incoming.ranged).toBe(false);
    expect(incoming.hashFunctions).toEqual(['sha-256']);
  });

  test('is taken from a byte on, and ends after the rest', async () => {
    const pair = pairOfTransfers();
    const { outgoing, incoming } = await offered(pair, LETTER);
    const hers = await incoming.accept(2);
    const { channel, range } = await outgoing;
    expect(range).toEqual({ offset: 2, length: undefined });
    channel.end('tter');
    expect(await readAll(hers)).toEqual(Buffer.from('tter'));
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 7, '2', null])(
    'cannot be accepted from %p on, and still waits (R1331)',
    async (offset) => {
      const pair = pairOfTransfers();
      const { outgoing, incoming } = await offered(pair, LETTER);
      const sent = pair.wire.lines.length;
      const refused = incoming.accept(offset as number);
      await expect(refused).rejects.toThrow(RangeError);
      await expect(refused).rejects.toThrow('the sender cannot start at ');
      expect(pair.wire.lines).toHaveLength(sent);
      const hers = await incoming.accept(6);
      const { channel, range } = await outgoing;
      expect(range.offset).toBe(6);
      channel.end();
      expect(await readAll(hers)).toEqual(Buffer.alloc(0));
    },
  );

  test('of which no part is offered is accepted from its beginning only (R1331)', async () => {
    const pair = pairOfTransfers();
    const { outgoing, incoming } = await offered(pair, { name: 'letter.txt', size: 6 });
    expect(incoming.ranged).toBe(false);
    await expect(incoming.accept(1)).rejects.toThrow('the sender cannot start at 1');
    await incoming.accept();
    await expect(outgoing).resolves.toMatchObject({ range: { offset: 0 } });
  });

  test.each(['before', 'as', 'after'])(
    'is broken off when a recipient who is to get the rest knows the session no more, %s it has opened',
    async (when) => {
      const answers: (() => void)[] = [];
      const answer = () => {
        for (const one of answers) one();
      };
      const isOpened = answersToOpen();
      const pair = pairOfTransfers({
        intercept: (stanza, deliver) => {
          const [romeo] = pair.sessions;
          const isTurn = isOpened(stanza) && when === 'as';
          if (isTurn) setImmediate(() => [romeo.receive(stanza), answer()]);
          else if (!says('session-info')(stanza)) deliver(stanza);
          else answers.push(() => romeo.receive(gone(stanza, 'item-not-found')));
          if (when === 'before') answer();
        },
      });
      const { outgoing, incoming } = await offered(pair, LETTER);
      const hers = readAll(await incoming.accept(2));
      hers.catch(() => undefined);
      if (when === 'after') {
        unattended((await outgoing).channel).write('tt');
        answer();
        await expect((await outgoing).confirmed()).rejects.toMatchObject({
          reason: { condition: 'gone' },
        });
      } else {
        await expect(outgoing).rejects.toMatchObject({ reason: { condition: 'gone' } });
      }
      await expect(hers).rejects.toThrow(ChannelBroken);
    },
  );

  test('under a sid that is in use is not made, and the first one goes on', async () => {
    const pair = pairOfTransfers();
    const { outgoing, incoming } = await offered(pair, LETTER, { sid: 'j1' });
    await expect(pair.romeo.offer(JULIET, LETTER, { sid: 'j1' })).rejects.toThrow('in use');
    await incoming.accept();
    expect((await outgoing).channel.peer).toBe(JULIET);
  });

  test('with settings that no transport takes is not made, and leaves its sid free (R171)', async () => {
    const pair = pairOfTransfers();
    const settings = { sid: 'j1', blockSize: 0 };
    await expect(pair.romeo.offer(JULIET, LETTER, settings)).rejects.toThrow(RangeError);
    expect(pair.wire.find(/session-/)).toEqual([]);
    const { outgoing, incoming } = await offered(pair, LETTER, { sid: 'j1' });
    incoming.decline();
    await expect(outgoing).rejects.toThrow('decline');
    expect(await leftOf(pair)).toEqual([]);
  });

  test('that was interrupted before it was made is not made', async () => {
    const pair = pairOfTransfers();
    const signal = AbortSignal.abort(new Error('interrupted'));
    await expect(pair.romeo.offer(JULIET, LETTER, { signal })).rejects.toThrow('interrupted');
    expect(pair.wire.lines).toEqual([]);
    expect(await leftOf(pair)).toEqual([]);
  });

  test('that is declined ends with the reason, on both sides', async () => {
    const pair = pairOfTransfers();
    const { outgoing, incoming } = await offered(pair);
    incoming.decline({ condition: 'busy', text: 'not now' });
    await expect(outgoing).rejects.toMatchObject({
      ...{ name: 'JingleEnded', message: 'busy: not now', byUs: false },
      reason: { condition: 'busy', text: 'not now' },
    });
    expect(await leftOf(pair)).toEqual([]);
  });

  test('that nobody looks at is declined', async () => {
    const pair = pairOfTransfers();
    const outgoing = pair.romeo.offer(JULIET, LETTER);
    await expect(outgoing).rejects.toMatchObject({ message: 'decline' });
  });

  test('ends when the recipient has not answered in time', async () => {
    const pair = pairOfTransfers();
    const { outgoing, incoming } = await offered(pair, LETTER, { timeout: 100_000 });
    await pair.clock.advance(99_999);
    // After 3, 33, 63 and 93 seconds.
    expect(pair.wire.find('romeo: session-info')).toHaveLength(4);
    await pair.clock.advance(1);
    await expect(outgoing).rejects.toThrow(OfferUnanswered);
    await expect(outgoing).rejects.toThrow(/^juliet@\S+ did not say whether it wants the file$/);
    expect(pair.wire.find('romeo: session-terminate timeout')).toHaveLength(1);
    await expect(incoming.accept()).rejects.toThrow(JingleEnded);
    expect(await leftOf(pair)).toEqual([]);
  });

  test.each(['item-not-found', 'service-unavailable'])(
    'ends within seconds when the one who was to think about it is gone, who answers %s (R77)',
    async (condition) => {
      let isGone = false;
      const pair = pairOfTransfers({
        intercept: (stanza, deliver) => {
          if (!isGone || stanza.attrs.to !== JULIET) return deliver(stanza);
          pair.sessions[0].receive(gone(stanza, condition));
        },
      });
      const { outgoing } = await offered(pair);
      isGone = true;
      await pair.clock.advance(3_000);
      await expect(outgoing).rejects.toMatchObject({ reason: { condition: 'gone' } });
    },
  );

  test('goes on when the one who thinks about it does not understand whether it is there', async () => {
    let isAsked = false;
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        if (!says('session-info')(stanza)) return deliver(stanza);
        isAsked = true;
        pair.sessions[0].receive(gone(stanza, 'feature-not-implemented'));
      },
    });
    const { outgoing, incoming } = await offered(pair);
    await pair.clock.advance(3_000);
    expect(isAsked).toBe(true);
    await incoming.accept();
    expect((await outgoing).channel.peer).toBe(JULIET);
  });
});

function gone({ attrs: { id, to, from } }: Element, condition: string): Element {
  return parse(`
    <iq type='error' id='${id}' from='${to}' to='${from}'>
      <error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
    </iq>`);
}

/** How far a transfer may have come when it is broken off: what Romeo and Juliet wait for then. */
type Stage = (pair: Pair, signal: AbortSignal) => Promise<Promise<unknown>[]>;

const untilItIsAccepted: Stage = async (pair, signal) => {
  const { outgoing } = await offered(pair, LETTER, { signal });
  await settled();
  return [outgoing];
};
const untilItIsOpen: Stage = async (pair, signal) => {
  const { outgoing, incoming } = await offered(pair, LETTER, { signal });
  const hers = incoming.accept().then(readAll);
  hers.catch(() => undefined); // each test says what becomes of it
  await settled();
  return [outgoing.then((his) => his.confirmed()), hers];
};
const untilAllAreThere: Stage = async (pair, signal) => {
  const { outgoing, hers } = await accepted(pair, LETTER, { signal });
  unattended(outgoing.channel).write(pattern(5));
  await settled();
  return [outgoing.confirmed(), readAll(hers)];
};
const untilItIsConfirmed: Stage = async (pair, signal) => {
  const { outgoing, incoming, hers } = await accepted(pair, { name: 'letter.txt' }, { signal });
  unattended(outgoing.channel).end(pattern(5));
  await readAll(hers);
  return [outgoing.confirmed(), incoming.hashes()];
};

const stages = [
  ['before the offer is acknowledged', untilItIsAccepted, held(answersOf(JULIET))],
  ['before it is accepted', untilItIsAccepted, held(() => false)],
  ['before it is open', untilItIsOpen, held(says('open'))],
  ['before the open is acknowledged', untilItIsOpen, held(answersToOpen())],
  ['before the acceptance is acknowledged', untilItIsOpen, held(answersOf(ROMEO))],
  ['before all blocks are there', untilAllAreThere, held(() => false)],
  ['before it is confirmed', untilItIsConfirmed, held(() => false)],
] as const;

describe.each(stages)('a transfer that ends %s', (_when, reach, { intercept, release }) => {
  let pair: Pair;
  let interrupt: AbortController;

  beforeEach(() => {
    pair = pairOfTransfers({ intercept });
    interrupt = new AbortController();
  });

  afterEach(() => {
    release();
  });

  test('being interrupted by its sender, who tells the recipient', async () => {
    const waiting = await reach(pair, interrupt.signal);
    const over = Promise.allSettled(waiting);
    interrupt.abort(new Error('interrupted'));
    const [his, hers] = await over;
    expect(his?.status).toBe('rejected');
    if (hers) expect(hers).toMatchObject({ reason: { name: 'JingleEnded', message: 'cancel' } });
    expect(pair.wire.find('romeo: session-terminate cancel')).toHaveLength(1);
    release();
    expect(await leftOf(pair)).toEqual([]);
  });

  test('its recipient being gone', async () => {
    const waiting = await reach(pair, interrupt.signal);
    const over = Promise.allSettled(waiting);
    pair.juliet.close();
    for (const outcome of await over) {
      expect(outcome).toMatchObject({ reason: { name: 'JingleEnded', message: 'gone' } });
    }
    release();
    await settled();
    expect(pair.clock.sleepers).toBe(0);
  });

  test('with the connection', async () => {
    const waiting = await reach(pair, interrupt.signal);
    const over = Promise.allSettled(waiting);
    for (const session of pair.sessions) session.end(new ConnectionLost('cut'));
    for (const outcome of await over) {
      expect(outcome).toMatchObject({ reason: { name: 'ConnectionLost' } });
    }
    await settled();
    expect(pair.clock.sleepers).toBe(0);
  });
});

test('a bytestream that is never opened ends the transfer after a minute', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  try {
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        if (!says('open')(stanza)) deliver(stanza);
      },
    });
    const { outgoing, incoming } = await offered(pair);
    const hers = incoming.accept();
    hers.catch(() => undefined); // is told of below
    await settled();
    // He gives up after 30 s of silence, which she does not hear.
    pair.sessions[0].end(new ConnectionLost('cut'));
    jest.advanceTimersByTime(60_000);
    await expect(hers).rejects.toThrow(ChannelNotOpened);
    await expect(outgoing).rejects.toThrow(ConnectionLost);
    expect(pair.wire.find('juliet: session-terminate failed-transport')).toHaveLength(1);
  } finally {
    jest.useRealTimers();
  }
});

test('a recipient ends the session itself when its sender has not, after some seconds', async () => {
  const pair = pairOfTransfers();
  const { outgoing, incoming, hers } = await accepted(pair);
  unattended(outgoing.channel).end('letter');
  await readAll(hers);
  const confirmed = incoming.confirm(Buffer.alloc(32));
  await pair.clock.advance(2_999);
  expect(pair.wire.find(/session-terminate/)).toEqual([]);
  await pair.clock.advance(1);
  await confirmed;
  expect(pair.wire.find('juliet: session-terminate success')).toHaveLength(1);
  expect(await outgoing.confirmed()).toBe('received');
  expect(await leftOf(pair)).toEqual([]);
});

/** Juliet's second answer: to the open, which comes after the offer. */
function answersToOpen() {
  let opens = '';
  return (stanza: Element) => {
    if (says('open')(stanza)) opens = stanza.attrs.id ?? '';
    return answersOf(JULIET)(stanza) && stanza.attrs.id === opens;
  };
}
