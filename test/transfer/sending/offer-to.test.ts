import { describe, expect, test } from '@jest/globals';
import { ChannelNotOpened } from '../../../src/protocol/channel.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import {
  RecipientRefused,
  RecipientUnreachable,
  WayRefused,
} from '../../../src/transfer/recipient-errors.js';
import { offerTo } from '../../../src/transfer/sending/offer-to.js';
import type { WayName } from '../../../src/transfer/ways/names.js';
import type { Accepted, Offer, Recipient, Way } from '../../../src/transfer/ways/way.js';
import { WAYS, wayNamed } from '../../../src/transfer/ways/ways.js';
import { JULIET } from '../../support/linked-sessions.js';
import { keyOfNumber } from '../../support/sealing.js';

const FILE = { name: 'letter.txt', size: 6 };
const { signal } = new AbortController();
const accepted = {} as Accepted;

const openedBy = (by: (way: Way) => Offer) => new Map(WAYS.map((way) => [way, { offer: by(way) }]));

/** Offers in both ways, to recipients who answer so; what was offered and noted. */
async function offering(
  ways: WayName[],
  answers: Record<string, Error | Accepted>,
  known: Partial<Recipient> = {},
) {
  const offered: string[] = [];
  const notes: string[] = [];
  const by =
    (way: Way): Offer =>
    async ({ peer, sid }, file) => {
      offered.push([way.name, peer, file.name, sid].filter(Boolean).join(' '));
      const answer = answers[way.name];
      if (answer instanceof Error) throw answer;
      return answer as Accepted;
    };
  const outcome = await offerTo(
    { peer: JULIET, ways: ways.map(wayNamed), sid: 'j1', ...known },
    openedBy(by),
    FILE,
    { signal, note: (text) => notes.push(text) },
  ).catch((error) => error);
  return { outcome, offered, notes };
}

describe('a file is offered', () => {
  test('in the first way, under the sid that was agreed on', async () => {
    const { outcome, offered, notes } = await offering(['jingle', 'ibb'], { jingle: accepted });
    expect(outcome).toBe(accepted);
    expect(offered).toEqual([`jingle ${JULIET} letter.txt j1`]);
    expect(notes).toEqual(['offering by jingle']);
  });

  test('in the next one where the first is refused, under a sid of its own', async () => {
    const jingle = new WayRefused('it takes no files like this');
    const { outcome, offered, notes } = await offering(['jingle', 'ibb'], {
      jingle,
      ibb: accepted,
    });
    expect(outcome).toBe(accepted);
    expect(offered).toEqual([`jingle ${JULIET} letter.txt j1`, `ibb ${JULIET} letter.txt`]);
    expect(notes).toEqual([
      'offering by jingle',
      'it takes no files like this; trying ibb',
      'offering by ibb',
    ]);
  });

  test.each([RecipientRefused, RecipientUnreachable])(
    'in no other way where the file is refused: %p',
    async (Refusal) => {
      const jingle = new Refusal('no');
      const { outcome, offered } = await offering(['jingle', 'ibb'], { jingle, ibb: accepted });
      expect(outcome).toBe(jingle);
      expect(offered).toHaveLength(1);
    },
  );

  const nobody = new StanzaError('cancel', 'service-unavailable');
  const silent = new RequestTimeout('no answer');

  test.each([
    ['answers by Jingle as nobody', 'jingle', nobody, ['jingle', 'si']],
    ['does not answer by Jingle', 'jingle', silent, ['jingle', 'si']],
    ['answers by SI as nobody', 'si', nobody, ['jingle', 'si', 'ibb']],
    ['makes up their mind for too long by SI', 'si', silent, ['jingle', 'si']],
  ] as const)('of whom nothing is known, and who %s (R74)', async (_title, way, cause, tried) => {
    const answers = {
      jingle: new WayRefused('no'),
      si: accepted,
      ibb: accepted,
      [way]: new RecipientUnreachable('not there', { cause }),
    };
    const ways: WayName[] = ['jingle', 'si', 'ibb'];
    const { offered } = await offering(ways, answers, { isGuess: true });
    expect(offered.map((one) => one.split(' ')[0])).toEqual(tried);
    // One who has said that it knows the way, and answers so, is gone.
    if (way !== 'jingle') return;
    expect((await offering(ways, answers)).offered).toHaveLength(1);
  });

  test('in vain where the last way is refused, or there is none', async () => {
    const jingle = new WayRefused('no');
    expect((await offering(['jingle'], { jingle })).outcome).toBe(jingle);
    expect((await offering([], {})).outcome).toBeInstanceOf(RangeError);
  });
});

describe('where no connection comes about beside the stream', () => {
  const jingle = new ChannelNotOpened('nobody came');
  const takes = (how: 'too' | 'only') => ({ beside: new Map([[wayNamed('jingle'), how]]) });

  test('a file goes in the stream by another way, where that one has nothing else (R1062)', async () => {
    const answers = { jingle, si: accepted };
    const { outcome, notes } = await offering(['jingle', 'si'], answers, takes('only'));
    expect(outcome).toBe(accepted);
    expect(notes).toEqual(['offering by jingle', 'nobody came; trying si', 'offering by si']);
  });

  test.each<[string, WayName[], Partial<Recipient>]>([
    ['there is no other way', ['jingle'], takes('only')],
    ['it is one of two transports', ['jingle', 'si'], takes('too')],
    ['nothing was to go so', ['jingle', 'si'], {}],
  ])('that is the outcome if %s (R1062)', async (_, ways, known) => {
    const { outcome } = await offering(ways, { jingle, si: accepted }, known);
    expect(outcome).toBe(jingle);
  });
});

test('one who answers each close is offered files as such, in the second way, too', async () => {
  const { outcome } = await offerOf({ answersClose: true });
  expect(outcome).toEqual([true, true]);
  expect((await offerOf({})).outcome).toEqual([undefined, undefined]);
});

async function offerOf(known: { answersClose?: true }) {
  const outcome: unknown[] = [];
  const refusing: Offer = async ({ answersClose }) => {
    outcome.push(answersClose);
    throw new WayRefused('no');
  };
  const ways = [wayNamed('jingle'), wayNamed('si')];
  const recipient = { peer: JULIET, ways, ...known };
  const options = { signal, note: () => undefined };
  await offerTo(
    recipient,
    openedBy(() => refusing),
    FILE,
    options,
  ).catch(() => undefined);
  return { outcome };
}

describe('what may not be offered any more', () => {
  const refusing = openedBy(() => async () => Promise.reject(new WayRefused('no')));
  const recipient = { peer: JULIET, ways: [wayNamed('jingle'), wayNamed('si')] };
  const options = { signal, note: () => undefined };

  test('is not offered in the next way (R378)', async () => {
    let asked = 0;
    const mayOffer = () => {
      asked += 1;
      if (asked > 1) throw new RangeError('it has a key by now');
    };
    const offered = offerTo(recipient, refusing, FILE, { ...options, mayOffer });
    await expect(offered).rejects.toThrow('it has a key by now');
  });

  test('because it is sealed is not offered where nothing is (R378)', async () => {
    const seal = { own: keyOfNumber(1), peer: keyOfNumber(2).publicKey, mayDeflate: false };
    const offered = offerTo(recipient, refusing, FILE, { ...options, seal });
    await expect(offered).rejects.toThrow('nothing is sealed by si');
  });
});
