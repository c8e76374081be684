import { describe, expect, test } from '@jest/globals';
import { NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import { keyForm, MalformedAnnouncement } from '../../../src/protocol/seal/announced-key.js';
import { NS_SEAL } from '../../../src/protocol/seal/handshake.js';
import { formatKey } from '../../../src/protocol/seal/public-key.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { Sealing, type SealingOptions } from '../../../src/transfer/keys/sealing.js';
import { KeyUntold } from '../../../src/transfer/recipient-errors.js';
import { jingle } from '../../../src/transfer/ways/jingle.js';
import { KeyNotTrusted, NotSealed } from '../../../src/transfer/ways/key-errors.js';
import type { Recipient } from '../../../src/transfer/ways/way.js';
import { keyOfNumber, memoryTrust, sendingBy } from '../../support/sealing.js';

const JULIETS = 'juliet@capulet.example';
const [HERS, OTHER] = [keyOfNumber(2), keyOfNumber(3)];

/** What one answers who is asked for a key; an error: what becomes of the question. */
type Answer = Element[] | Error;

const FEATURE = xml('feature', { var: NS_SEAL });
const keyed = ({ publicKey } = HERS): Answer => [FEATURE, keyForm(publicKey)];
const STRIPPED: Answer = [];
const MALFORMED: Answer = [FEATURE];
const SILENCE = new RequestTimeout('no answer');

/** A session on which the questions for keys are answered so, one after the other. */
function answering(answers: Answer[]): Session {
  const request = async (_type: string, from: string): Promise<Element> => {
    const answer = answers.shift();
    if (!answer) throw new Error('asked once too often');
    if (answer instanceof Error) throw answer;
    return xml('iq', { from }, xml('query', { xmlns: NS_DISCO_INFO }, ...answer));
  };
  return { request, ended: new AbortController().signal } as unknown as Session;
}

const to = (resource: string, more: Partial<Recipient> = {}): Recipient => ({
  ...{ peer: `${JULIETS}/${resource}`, ways: [jingle] },
  ...more,
});

/** Asks for one offer after the other; each ends as `sealed`, `plain`, or with the name of an error. */
async function asked(
  answers: Answer[],
  recipients = answers.map(() => to('balcony')),
  options: Partial<SealingOptions> = {},
): Promise<string[]> {
  const sealing = new Sealing(JULIETS, sendingBy({ encrypt: 'auto', ...options }));
  const situation = {
    session: answering([...answers]),
    signal: new AbortController().signal,
    report: () => undefined,
  };
  const outcomes: string[] = [];
  for (const recipient of recipients) {
    const outcome = await sealing.of(recipient, situation).then(
      ({ seal }) => (seal ? 'sealed' : 'plain'),
      (error: Error) => error.constructor.name,
    );
    outcomes.push(outcome);
  }
  return outcomes;
}

describe('the question for a key', () => {
  const known = memoryTrust();
  known.of.set(JULIETS, [
    { key: formatKey(HERS.publicKey), isVerified: false, since: new Date(0) },
  ]);

  test.each<[string, Answer[], string[]]>([
    ['silence alone is no key', [SILENCE], ['plain']],
    ['silence behind a key', [keyed(), SILENCE], ['sealed', KeyUntold.name]],
    ['nothing behind a key', [keyed(), STRIPPED], ['sealed', NotSealed.name]],
    [
      'nothing behind what was malformed',
      [MALFORMED, STRIPPED],
      [MalformedAnnouncement.name, NotSealed.name],
    ],
    [
      'silence behind what was malformed',
      [MALFORMED, SILENCE],
      [MalformedAnnouncement.name, KeyUntold.name],
    ],
    [
      'one thing after the other',
      [MALFORMED, STRIPPED, SILENCE, keyed(), STRIPPED],
      [
        ...[MalformedAnnouncement.name, NotSealed.name, KeyUntold.name],
        ...['sealed', NotSealed.name],
      ],
    ],
  ])('answered by %s (R649, R867)', async (_, answers, outcomes) => {
    expect(await asked(answers)).toEqual(outcomes);
  });

  test.each<[string, Answer, string]>([
    ['by silence', SILENCE, KeyUntold.name],
    ['by nothing', STRIPPED, NotSealed.name],
  ])('of one whose key is known, %s (R649, R867)', async (_, answer, outcome) => {
    expect(await asked([answer], undefined, { trusted: known })).toEqual([outcome]);
  });

  test.each<[string, Recipient]>([
    ['another resource', to('garden')],
    ['one who has answered a proposal', to('garden', { sid: 'proposed' })],
  ])('%s answers otherwise than the one before (R650)', async (_, other) => {
    const both = [to('balcony'), other];
    expect(await asked([keyed(), STRIPPED], both)).toEqual(['sealed', NotSealed.name]);
    expect(await asked([keyed(), keyed(OTHER)], both, { trusted: known })).toEqual([
      'sealed',
      KeyNotTrusted.name,
    ]);
  });

  test('that is refused is told of as that', async () => {
    const sealing = new Sealing(JULIETS, sendingBy({ encrypt: 'auto', trusted: known }));
    const situation = {
      session: answering([new StanzaError('auth', 'forbidden')]),
      signal: new AbortController().signal,
      report: () => undefined,
    };
    await expect(sealing.of(to('balcony'), situation)).rejects.toThrow(
      `${JULIETS}/balcony does not tell its key (${JULIETS}/balcony refused the file (forbidden))`,
    );
  });

  test('is no news to one who has seen the key in presence (R650)', async () => {
    expect(await asked([STRIPPED], [to('balcony', { hasKey: true })])).toEqual([NotSealed.name]);
    const sealing = new Sealing(JULIETS, sendingBy({ encrypt: 'auto' }));
    const situation = {
      session: answering([STRIPPED]),
      signal: new AbortController().signal,
      report: () => undefined,
    };
    await expect(sealing.of(to('balcony', { hasKey: true }), situation)).rejects.toThrow(
      `${JULIETS}/balcony has no key, though one of ${JULIETS} was seen, so that nothing`,
    );
  });
});

test('a key that somebody else has pinned since is not the first one any more (R651)', async () => {
  const trusted = memoryTrust();
  const told: Event[] = [];
  const sealing = new Sealing(JULIETS, sendingBy({ encrypt: 'auto', trusted }));
  const situation = {
    session: answering([keyed()]),
    signal: new AbortController().signal,
    report: (event: Event) => void told.push(event),
  };
  const { secrecy, answered } = await sealing.of(to('balcony'), situation);
  expect(secrecy).toMatchObject({ trust: 'first' });
  const [pinned] = [{ key: formatKey(OTHER.publicKey), isVerified: false, since: new Date(0) }];
  trusted.of.set(JULIETS, [pinned]);
  await expect(answered()).rejects.toThrow(KeyNotTrusted);
  expect(trusted.of.get(JULIETS)).toEqual([pinned]);
  expect(told).toEqual([]);
});
