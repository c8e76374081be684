import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { Channel } from '../../../../src/protocol/channel.js';
import type { Element } from '../../../../src/session/xml.js';
import { JULIET } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';
import { contentOf, proposed, scriptedTransport } from './scripted-transport.js';

const never = new AbortController().signal;

/** Bytes that go nowhere, and whether somebody has abandoned them. */
function channelToJuliet() {
  const seen = { abandoned: 0 };
  const stream = new PassThrough().on('error', () => undefined);
  const channel = Object.assign(stream, {
    peer: JULIET,
    abandon: () => {
      seen.abandoned += 1;
    },
  });
  return { channel: channel as unknown as Channel, seen };
}

/** What became of a promise, as far as is known by now. */
function outcomeOf<T>(promise: Promise<T>) {
  const outcome: { value?: T; error?: Error } = {};
  promise.then(
    (value) => Object.assign(outcome, { value }),
    (error) => Object.assign(outcome, { error }),
  );
  return outcome;
}

/** One of ours that offers `a` first and has `b` behind it, or answers an offer of `a`. */
function two(options: Omit<Parameters<typeof contentOf>[0], 'transports'> = {}) {
  const [a, b] = [scriptedTransport('a'), scriptedTransport('b')];
  return { a, b, ...contentOf({ transports: [a, b], ...options }) };
}

const answering = (options: Parameters<typeof two>[0] = {}) =>
  two({ role: 'responder', first: proposed('a', 'a1'), ...options });

describe('the channel of a content', () => {
  test('needs a transport, and one that the peer has offered', () => {
    expect(() => contentOf({ transports: [] })).toThrow(RangeError);
    expect(() => two({ first: proposed('c', 'c1') })).toThrow(RangeError);
  });

  test('is named, and described, by the transport that is offered or was answered', async () => {
    const ours = two({ settings: { window: 3 } });
    expect(ours.channel.sid).toBe('a1');
    expect(`${(await ours.channel.describe()).outside}`).toBe(`${proposed('a', 'a1')}`);
    expect(ours.a.begun[0]).toMatchObject({
      settings: { window: 3 },
      negotiators: { peer: JULIET },
    });
    expect(answering().channel.sid).toBe('a1');
    expect(answering().a.begun[0]?.settings).toBeUndefined();
  });

  test('is described by the transport that took the place of another one meanwhile', async () => {
    const { a, channel } = answering();
    const [first] = a.begun;
    let describe: (element: Element) => void = () => undefined;
    if (first) first.describe = () => new Promise((resolve) => (describe = resolve));
    const described = channel.describe();
    channel.takeReplacement(proposed('b', 'b1'));
    describe(proposed('a', 'a1'));
    expect((await described).outside.attrs.sid).toBe('b1');
  });

  test('hands the answer to its transport', () => {
    const { a, channel } = two();
    channel.agreed({ outside: proposed('a', 'a1') });
    expect(a.begun[0]?.answers).toHaveLength(1);
  });

  test('hands information to its transport, and refuses what is of another one', () => {
    const { a, channel } = two();
    channel.takeInfo(proposed('a', 'a1'));
    expect(() => channel.takeInfo(proposed('b', 'a1'))).toThrow('feature-not-implemented');
    expect(a.begun[0]?.heard).toHaveLength(1);
    if (a.begun[0]) a.begun[0].informed = undefined;
    expect(() => channel.takeInfo(proposed('a', 'a1'))).toThrow('feature-not-implemented');
  });

  test('tells the peer what its transport says', async () => {
    const { a, told } = two();
    await a.begun[0]?.negotiators.inform(proposed('a', 'a1'));
    expect(told).toEqual(['transport-info a1']);
  });

  test.each(['open', 'expect'] as const)('is reached by its transport: %s', async (reach) => {
    const { a, channel } = two();
    const outcome = outcomeOf(channel[reach](never));
    await settled();
    expect(a.begun[0]?.reached).toBe(reach);
    const reached = channelToJuliet();
    a.begun[0]?.succeed(reached.channel);
    await settled();
    expect(outcome).toEqual({ value: reached.channel });
    expect(reached.seen.abandoned).toBe(0);
    expect(a.begun[0]?.negotiators.over.aborted).toBe(false);
  });

  test('is secured when it is there', async () => {
    const [plain, secured] = [channelToJuliet().channel, channelToJuliet().channel];
    const wrap = (channel: Channel) => (channel === plain ? secured : channel);
    const { a, channel } = two({ security: { isSealed: false, wrap } });
    const outcome = outcomeOf(channel.open(never));
    await settled();
    a.begun[0]?.succeed(plain);
    await settled();
    expect(outcome).toEqual({ value: secured });
  });

  test('is broken off where it cannot be secured, and no other transport is tried', async () => {
    const wrap = () => {
      throw new Error('no key');
    };
    const { a, b, channel, told } = two({ security: { isSealed: false, wrap } });
    const outcome = outcomeOf(channel.open(never));
    await settled();
    const reached = channelToJuliet();
    a.begun[0]?.succeed(reached.channel);
    await settled();
    expect(outcome).toMatchObject({ error: { message: 'no key' } });
    expect(reached.channel.destroyed).toBe(true);
    expect([b.begun, told]).toEqual([[], []]);
  });

  test.each(['open', 'expect'] as const)('is given up with the signal: %s', async (reach) => {
    const { a, b, channel, told } = two();
    const giveUp = new AbortController();
    const outcome = outcomeOf(channel[reach](giveUp.signal));
    await settled();
    giveUp.abort(new Error('enough'));
    await settled();
    expect(outcome).toMatchObject({ error: { message: 'enough' } });
    expect([a.begun.length, b.begun.length, told]).toEqual([1, 0, []]);
  });

  test('is over for its transport when the Jingle session has ended', () => {
    const { a, session } = two();
    session.end(new Error('it ended'));
    expect(a.begun[0]?.negotiators.over.reason).toMatchObject({ message: 'it ended' });
  });
});

describe('a transport that the peer proposes', () => {
  test('takes the place of the other one, which is over', async () => {
    const { a, b, channel, told } = answering();
    const outcome = outcomeOf(channel.expect(never));
    await settled();
    await channel.takeReplacement(proposed('b', 'b1'))?.();
    await settled();
    expect(told).toEqual(['transport-accept b1']);
    expect([channel.sid, b.begun[0]?.reached]).toEqual(['b1', 'expect']);
    expect(a.begun[0]?.negotiators.over.aborted).toBe(true);
    const reached = channelToJuliet();
    b.begun[0]?.succeed(reached.channel);
    await settled();
    expect(outcome).toEqual({ value: reached.channel });
  });

  test('is opened when the peer has heard that it was accepted, and expected before', async () => {
    for (const [reach, before] of [
      ['open', undefined],
      ['expect', 'expect'],
    ] as const) {
      const { b, channel, peer } = answering();
      let acknowledge: () => void = () => undefined;
      peer.acknowledges = new Promise((resolve) => {
        acknowledge = resolve;
      });
      channel[reach](never).catch(() => undefined);
      const accepted = channel.takeReplacement(proposed('b', 'b1'))?.();
      await settled();
      expect(b.begun[0]?.reached).toBe(before);
      acknowledge();
      await accepted;
      await settled();
      expect(b.begun[0]?.reached).toBe(reach);
    }
  });

  test('is opened all the same where the peer has refused to hear of it', async () => {
    const { b, channel, peer } = answering();
    peer.acknowledges = Promise.reject(new Error('no'));
    peer.acknowledges.catch(() => undefined);
    channel.open(never).catch(() => undefined);
    await expect(channel.takeReplacement(proposed('b', 'b1'))?.()).rejects.toThrow();
    await settled();
    expect(b.begun[0]?.reached).toBe('open');
  });

  test('is opened with what was set for the offer', () => {
    const { b, channel } = two({ settings: { window: 3 } });
    channel.takeReplacement(proposed('b', 'b1'));
    expect(b.begun[0]?.settings).toEqual({ window: 3 });
  });

  test('is refused where it is not known, and where it has failed before', async () => {
    const { a, channel } = answering();
    expect(channel.takeReplacement(proposed('c', 'c1'))).toBeUndefined();
    const outcome = outcomeOf(channel.expect(never));
    await settled();
    a.begun[0]?.fail(new Error('no way'));
    await settled();
    expect(channel.takeReplacement(proposed('a', 'a2'))).toBeUndefined();
    expect(outcome).toEqual({});
  });

  test('is refused where it may not come, and over then', () => {
    const asked: unknown[] = [];
    const { a, b, channel } = answering({
      mayReplace: ({ sid }, isSameTransport) => {
        asked.push([sid, isSameTransport]);
        return false;
      },
    });
    expect(channel.takeReplacement(proposed('b', 'b1'))).toBeUndefined();
    expect(channel.takeReplacement(proposed('a', 'a2'))).toBeUndefined();
    expect(asked).toEqual([
      ['b1', false],
      ['a2', true],
    ]);
    expect(channel.sid).toBe('a1');
    expect(b.begun[0]?.negotiators.over.aborted).toBe(true);
    expect(a.begun.map(({ negotiators }) => negotiators.over.aborted)).toEqual([false, true]);
  });

  test('is refused where more were taken than there are transports', () => {
    const { channel } = answering();
    expect(channel.takeReplacement(proposed('b', 'b1'))).toBeDefined();
    expect(channel.takeReplacement(proposed('a', 'a2'))).toBeDefined();
    expect(channel.takeReplacement(proposed('b', 'b2'))).toBeUndefined();
  });

  test('is refused when the channel is there', async () => {
    const { a, channel } = answering();
    channel.expect(never).catch(() => undefined);
    await settled();
    a.begun[0]?.succeed(channelToJuliet().channel);
    await settled();
    expect(channel.takeReplacement(proposed('b', 'b1'))).toBeUndefined();
  });

  test('makes a channel by the other one be abandoned that came at the same moment', async () => {
    const { a, b, channel } = answering();
    const outcome = outcomeOf(channel.expect(never));
    await settled();
    const late = channelToJuliet();
    a.begun[0]?.succeed(late.channel);
    channel.takeReplacement(proposed('b', 'b1'));
    await settled();
    expect(late.seen.abandoned).toBe(1);
    const reached = channelToJuliet();
    b.begun[0]?.succeed(reached.channel);
    await settled();
    expect(outcome).toEqual({ value: reached.channel });
  });
});

describe('a transport that fails', () => {
  /** Ours has failed by `a`. */
  async function failed(options: Parameters<typeof two>[0] = {}, signal = never) {
    const pair = two(options);
    const outcome = outcomeOf(pair.channel.open(signal));
    await settled();
    pair.a.begun[0]?.fail(new Error('no way'));
    await settled();
    return { ...pair, outcome };
  }

  test('is replaced by the next one when the peer accepts that', async () => {
    const { a, b, session, told, channel, clock, outcome } = await failed();
    expect(told).toEqual(['transport-replace b1']);
    expect([channel.sid, outcome]).toEqual(['a1', {}]);
    session.replacement.accepted(proposed('b', 'b1'));
    await settled();
    expect([channel.sid, b.begun[0]?.answers.length, b.begun[0]?.reached]).toEqual([
      'b1',
      1,
      'open',
    ]);
    expect(a.begun[0]?.negotiators.over.aborted).toBe(true);
    expect(b.begun[0]?.negotiators.over.aborted).toBe(false);
    expect(clock.sleepers).toBe(0);
    b.begun[0]?.fail(new Error('nor there'));
    await settled();
    expect(outcome).toMatchObject({ error: { message: 'nor there' } });
    expect(a.begun).toHaveLength(1);
  });

  test('is the end where the peer refuses each other one, which is over then', async () => {
    const { b, session, outcome } = await failed();
    session.replacement.rejected();
    await settled();
    expect(outcome).toMatchObject({ error: { message: 'no way' } });
    expect(b.begun[0]?.negotiators.over.aborted).toBe(true);
  });

  test('lets the peer answer for 15 seconds', async () => {
    const { clock, outcome } = await failed();
    await clock.advance(14_999);
    expect(outcome).toEqual({});
    await clock.advance(1);
    expect(outcome).toMatchObject({ error: { message: 'no way' } });
  });

  test('is not replaced when nobody waits any more', async () => {
    const giveUp = new AbortController();
    const { b, outcome } = await failed({}, giveUp.signal);
    giveUp.abort(new Error('enough'));
    await settled();
    expect(outcome).toMatchObject({ error: { message: 'enough' } });
    expect(b.begun[0]?.reached).toBeUndefined();
  });

  test('is replaced by one after the other', async () => {
    const [a, b, c] = [scriptedTransport('a'), scriptedTransport('b'), scriptedTransport('c')];
    const { channel, session, told } = contentOf({ transports: [a, b, c] });
    channel.open(never).catch(() => undefined);
    await settled();
    a.begun[0]?.fail(new Error('no way'));
    await settled();
    session.replacement.rejected();
    await settled();
    session.replacement.accepted(proposed('c', 'c1'));
    await settled();
    expect(told).toEqual(['transport-replace b1', 'transport-replace c1']);
    expect([channel.sid, c.begun[0]?.reached]).toEqual(['c1', 'open']);
  });

  test('is not followed by a second proposal where the first was accepted', async () => {
    const [a, b, c] = [scriptedTransport('a'), scriptedTransport('b'), scriptedTransport('c')];
    const { channel, session, told } = contentOf({ transports: [a, b, c] });
    channel.open(never).catch(() => undefined);
    await settled();
    a.begun[0]?.fail(new Error('no way'));
    await settled();
    session.replacement.accepted(proposed('b', 'b1'));
    await settled();
    expect(told).toEqual(['transport-replace b1']);
    expect(c.begun).toEqual([]);
  });

  test('of a responder is replaced by what the peer proposes within 15 seconds', async () => {
    const { a, b, channel, clock, told } = answering();
    const outcome = outcomeOf(channel.expect(never));
    await settled();
    a.begun[0]?.fail(new Error('no way'));
    await clock.advance(14_999);
    expect([told, outcome]).toEqual([[], {}]);
    channel.takeReplacement(proposed('b', 'b1'));
    await settled();
    expect(b.begun[0]?.reached).toBe('expect');
    expect(clock.sleepers).toBe(0);
  });

  test('of a responder is the end at once where no other one is left', async () => {
    const a = scriptedTransport('a');
    const first = proposed('a', 'a1');
    const { channel, clock } = contentOf({ role: 'responder', transports: [a], first });
    const outcome = outcomeOf(channel.expect(never));
    await settled();
    a.begun[0]?.fail(new Error('no way'));
    await settled();
    expect(outcome).toMatchObject({ error: { message: 'no way' } });
    expect(clock.sleepers).toBe(0);
  });

  test('of a responder is the end where the peer proposes nothing', async () => {
    const { a, channel, clock } = answering();
    const outcome = outcomeOf(channel.expect(never));
    await settled();
    a.begun[0]?.fail(new Error('no way'));
    await clock.advance(15_000);
    expect(outcome).toMatchObject({ error: { message: 'no way' } });
  });

  test('of a responder may fail after another one was replaced, and is waited for anew', async () => {
    const [a, b, c] = [scriptedTransport('a'), scriptedTransport('b'), scriptedTransport('c')];
    const first = proposed('a', 'a1');
    const { channel, clock } = contentOf({ role: 'responder', transports: [a, b, c], first });
    const outcome = outcomeOf(channel.expect(never));
    channel.takeReplacement(proposed('b', 'b1'));
    await settled();
    b.begun[0]?.fail(new Error('nor there'));
    await clock.advance(14_999);
    expect(outcome).toEqual({});
    channel.takeReplacement(proposed('c', 'c1'));
    await settled();
    expect(c.begun[0]?.reached).toBe('expect');
  });

  test('of a responder is waited for no longer than the signal lets', async () => {
    const giveUp = new AbortController();
    const { a, channel, clock } = answering();
    const outcome = outcomeOf(channel.expect(giveUp.signal));
    await settled();
    a.begun[0]?.fail(new Error('no way'));
    await settled();
    giveUp.abort(new Error('enough'));
    await settled();
    expect(outcome).toMatchObject({ error: { message: 'enough' } });
    expect(clock.sleepers).toBe(0);
  });
});
