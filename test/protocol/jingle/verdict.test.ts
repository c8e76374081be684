import { describe, expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import { NS_FILE_TRANSFER } from '../../../src/protocol/jingle/file-description.js';
import type { JingleSession } from '../../../src/protocol/jingle/session/jingle-session.js';
import { jingle, NS_JINGLE, reason } from '../../../src/protocol/jingle/stanzas.js';
import { mustBeKnown } from '../../../src/protocol/jingle/still-known.js';
import { FileUnconfirmed } from '../../../src/protocol/jingle/verdict.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { pattern, readAll, unattended } from '../ibb/bytestreams.js';
import { accepted, offered, type Pair, pairOfTransfers } from './transfers.js';

const LETTER = { name: 'letter.txt', size: 50 };

/** Romeo has sent these bytes of 50 and closed, Juliet has acknowledged all; she says nothing else yet. */
async function delivered(bytes = pattern(50), pair: Pair = pairOfTransfers()) {
  const { outgoing, incoming, hers } = await accepted(pair, LETTER);
  unattended(outgoing.channel).end(bytes);
  await readAll(hers);
  await new Promise((closed) => hers.end(closed));
  await settled();
  const confirmed = outgoing.confirmed();
  confirmed.catch(() => undefined); // each test says what becomes of it
  return { pair, outgoing, incoming, confirmed };
}

/** Juliet says this of the session, of which there is one. */
const says = (
  { sessions, sids }: Pair,
  action: 'session-terminate' | 'content-remove',
  what: Element,
) => sessions[1].request('set', ROMEO, jingle(action, [...sids.jingle][0] ?? '', {}, what));

describe('a recipient that has acknowledged all bytes', () => {
  test('and says that it is content, has said no more than that (R70)', async () => {
    const { pair, confirmed } = await delivered();
    await says(pair, 'session-terminate', reason({ condition: 'success' }));
    expect(await confirmed).toBe('success');
  });

  test.each([
    ['letter.txt', undefined],
    ['file', 'received'],
  ])('and has received the content %j: %p (R70)', async (name, said) => {
    const { pair, confirmed } = await delivered();
    const [sid = ''] = [...pair.sids.jingle];
    const received = xml('received', { xmlns: NS_FILE_TRANSFER, creator: 'initiator', name });
    const told = pair.sessions[1].request('set', ROMEO, jingle('session-info', sid, {}, received));
    if (said) {
      await told;
      expect(await confirmed).toBe(said);
    } else await expect(told).rejects.toMatchObject({ condition: 'bad-request' });
  });

  const reasons = [
    ...['alternative-session', 'busy', 'cancel', 'connectivity-error', 'decline', 'expired'],
    ...[
      'failed-application',
      'failed-transport',
      'general-error',
      'gone',
      'incompatible-parameters',
    ],
    ...['media-error', 'security-error', 'timeout', 'unsupported-applications', 'nonsense'],
  ];
  test.each(reasons)('and ends the session with %s, does not have it (R70)', async (condition) => {
    const { pair, confirmed } = await delivered();
    await says(pair, 'session-terminate', reason({ condition }));
    await expect(confirmed).rejects.toMatchObject({ byUs: false, reason: { condition } });
    expect(pair.wire.find(/session-terminate success/)).toEqual([]);
  });

  test('and ends the session without a reason, does not have it (R70)', async () => {
    const { pair, confirmed } = await delivered();
    await says(pair, 'session-terminate', xml('nothing'));
    await expect(confirmed).rejects.toMatchObject({ reason: { condition: 'general-error' } });
  });

  // Psi says so when a hash is wrong.
  test('and removes the content, does not have it, for its reason (R70)', async () => {
    const { pair, confirmed } = await delivered();
    await says(pair, 'content-remove', reason({ condition: 'media-error' }));
    await expect(confirmed).rejects.toMatchObject({
      byUs: false,
      reason: { condition: 'media-error' },
    });
  });

  test('and says nothing, does not have it, after a minute in which it was asked whether it is there (R70)', async () => {
    const { pair, confirmed } = await delivered();
    await pair.clock.advance(59_999);
    expect(pair.wire.find('romeo: session-info').length).toBeGreaterThanOrEqual(5);
    expect(pair.wire.find(/session-terminate/)).toEqual([]);
    await pair.clock.advance(1);
    await expect(confirmed).rejects.toThrow(FileUnconfirmed);
    await expect(confirmed).rejects.toThrow(
      /^juliet@\S+ took all bytes and did not say that it has kept the file, so it may not have it$/,
    );
    expect(pair.wire.find(/session-terminate/)).toEqual([
      'romeo: session-terminate timeout',
      'juliet: session-terminate timeout taken',
    ]);
  });

  test('and knows the session no more, is gone (R70)', async () => {
    let isGone = false;
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        const isPing = stanza.getChild('jingle', NS_JINGLE)?.attrs.action === 'session-info';
        if (!isGone || !isPing) return deliver(stanza);
        const { id, to: from, from: to } = stanza.attrs;
        const error = new StanzaError('cancel', 'item-not-found').toElement();
        pair.sessions[0].receive(xml('iq', { type: 'error', id, from, to }, error));
      },
    });
    const { confirmed } = await delivered(pattern(50), pair);
    isGone = true;
    await pair.clock.advance(10_000);
    await expect(confirmed).rejects.toMatchObject({ reason: { condition: 'gone' } });
  });
});

test('a close that was not acknowledged leaves another attempt to be made (R70)', async () => {
  const pair = pairOfTransfers();
  const { outgoing } = await accepted(pair, LETTER);
  unattended(outgoing.channel).write(pattern(50));
  await settled();
  const confirmed = outgoing.confirmed();
  const lost = expect(confirmed).rejects.toThrow(ChannelLost);
  await pair.clock.advance(60_000);
  await lost;
  await expect(confirmed).rejects.toThrow('the recipient did not say whether it has the file');
});

test('a recipient that acknowledges no close is asked once at a time whether it is there (R70)', async () => {
  const pair = pairOfTransfers();
  const { outgoing } = await accepted(pair, LETTER);
  unattended(outgoing.channel).write(pattern(50));
  await settled();
  outgoing.confirmed().catch(() => undefined); // another test says what becomes of it
  await pair.clock.advance(10_000);
  expect(pair.wire.find('romeo: session-info')).toHaveLength(1);
  await pair.clock.advance(10_000);
  expect(pair.wire.find('romeo: session-info')).toHaveLength(2);
});

test('an offer that is ended with success was not accepted (R70)', async () => {
  const pair = pairOfTransfers();
  const { outgoing, incoming } = await offered(pair, LETTER);
  incoming.decline({ condition: 'success' });
  await expect(outgoing).rejects.toMatchObject({ name: 'JingleEnded' });
});

test('a recipient that says nothing of the Jingle session may know nothing of the file', async () => {
  const answering = (isKnown: boolean) => ({ ping: async () => isKnown }) as JingleSession;
  const nothing = new Promise<true>(() => undefined);
  await expect(mustBeKnown(answering(false), nothing)).rejects.toThrow(
    'the recipient does not say whether it knows the file',
  );
  await expect(mustBeKnown(answering(true), nothing)).resolves.toBeUndefined();
});
