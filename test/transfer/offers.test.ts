import { describe, expect, test } from '@jest/globals';
import {
  type Bytestream,
  BytestreamBroken,
  CloseUnconfirmed,
} from '../../src/protocol/ibb/bytestream.js';
import { BytestreamLost, whyNotOpened } from '../../src/protocol/ibb/outgoing-blocks.js';
import { NS_IBB } from '../../src/protocol/ibb/stanzas.js';
import { SiFileTransfers } from '../../src/protocol/si/si-file-transfers.js';
import { answer, NS_SI } from '../../src/protocol/si/stanzas.js';
import { RequestTimeout } from '../../src/session/requests.js';
import { StanzaError } from '../../src/session/stanza-error.js';
import type { Recipient } from '../../src/transfer/finding/find-recipient.js';
import {
  type AcceptedOffer,
  type Offer,
  offerBare,
  offerBySi,
  offerTo,
  type Way,
} from '../../src/transfer/offers.js';
import {
  RecipientRefused,
  RecipientUnreachable,
  WayRefused,
} from '../../src/transfer/recipient-errors.js';
import { acceptedBy, pairOfServices, readAll } from '../protocol/ibb/bytestreams.js';
import { JULIET } from '../support/linked-sessions.js';

const FILE = { name: 'letter.txt', size: 6 };
const { signal } = new AbortController();
const accepted = {} as AcceptedOffer;

/** Offers in both ways, to recipients who answer so; what was offered and noted. */
async function offering(
  ways: Way[],
  answers: Record<string, Error | AcceptedOffer>,
  known: Partial<Recipient> = {},
) {
  const offered: string[] = [];
  const notes: string[] = [];
  const by =
    (way: Way): Offer =>
    async (peer, file, { sid }) => {
      offered.push([way, peer, file.name, sid].filter(Boolean).join(' '));
      const answer = answers[way];
      if (answer instanceof Error) throw answer;
      return answer as AcceptedOffer;
    };
  const outcome = await offerTo(
    { peer: JULIET, ways, sid: 'j1', ...known },
    { jingle: by('jingle'), si: by('si'), ibb: by('ibb') },
    FILE,
    { signal },
    (text) => notes.push(text),
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
    const ways: Way[] = ['jingle', 'si', 'ibb'];
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

describe('a bare bytestream', () => {
  test('is unverified when the recipient has acknowledged its end', async () => {
    const { romeo, juliet } = pairOfServices();
    const hers = acceptedBy(juliet);
    const { stream, range, confirmed } = await offerBare(romeo)(JULIET, FILE, { signal });
    expect(range).toEqual({ offset: 0 });
    const isOver = new Promise<void>((resolve) => stream.end('letter', resolve));
    expect(await readAll(await hers)).toEqual(Buffer.from('letter'));
    await isOver;
    expect(await confirmed()).toBe('unverified');
  });

  test('is broken off when the recipient closes first', async () => {
    const { romeo, juliet } = pairOfServices();
    const hers = acceptedBy(juliet);
    const { stream, confirmed } = await offerBare(romeo)(JULIET, FILE, { signal });
    (await hers).resume().end();
    await new Promise((resolve) => stream.once('close', resolve));
    await expect(confirmed()).rejects.toThrow(BytestreamBroken);
  });

  test('is cancelled in a way that is no end', async () => {
    const { romeo, juliet } = pairOfServices();
    const hers = acceptedBy(juliet);
    const { cancel } = await offerBare(romeo)(JULIET, FILE, { signal });
    await cancel();
    await expect(readAll(await hers)).rejects.toThrow(BytestreamBroken);
  });

  test('is refused in words for its sender', async () => {
    const { romeo } = pairOfServices({ sessionLimit: 0 });
    await expect(offerBare(romeo)(JULIET, FILE, { signal })).rejects.toThrow(RecipientRefused);
  });
});

// A file that the daemon could not publish, or that it was killed over, was done for its sender.
test.each([
  ['counts as delivered by one of whom nothing else is known', {}, 'unverified'],
  ['is a failure of one who answers', { answersClose: true }, CloseUnconfirmed],
] as const)('a close by SI that is not confirmed %s', async (_title, known, verdict) => {
  const { romeo, juliet, sessions } = pairOfServices();
  const accepting = new SiFileTransfers(sessions[1], juliet);
  const hers = new Promise<Bytestream>((resolve, reject) => {
    accepting.onOffer = (file) => file.accept().then(resolve, reject);
  });
  const offer = offerBySi(new SiFileTransfers(sessions[0], romeo));
  const { stream, confirmed } = await offer(JULIET, FILE, { signal, ...known });
  const lost = (await hers).on('error', () => undefined).resume();
  const acknowledged = new Promise((resolve) => stream.once('acknowledged', resolve));
  stream.write('letter');
  await acknowledged;
  lost.abandon();
  stream.end();
  await new Promise((resolve) => stream.once('close', resolve));
  const outcome = await confirmed().catch((error) => error.constructor);
  expect(outcome).toBe(verdict);
});

test('one who answers each close is offered files as such, in the second way, too', async () => {
  const { outcome } = await offerOf({ answersClose: true });
  expect(outcome).toEqual([true, true]);
  expect((await offerOf({})).outcome).toEqual([undefined, undefined]);
});

async function offerOf(known: { answersClose?: true }) {
  const outcome: unknown[] = [];
  const refusing: Offer = async (_peer, _file, { answersClose }) => {
    outcome.push(answersClose);
    throw new WayRefused('no');
  };
  const offers = { jingle: refusing, si: refusing, ibb: refusing };
  const recipient = { peer: JULIET, ways: ['jingle', 'si'] as Way[], ...known };
  await offerTo(recipient, offers, FILE, { signal }, () => undefined).catch(() => undefined);
  return { outcome };
}

test.each([
  ['item-not-found', BytestreamLost],
  ['remote-server-timeout', BytestreamLost],
  ['not-acceptable', RecipientRefused],
])('a bytestream that was accepted by SI, and then %s', async (condition, outcome) => {
  const { romeo, juliet, sessions } = pairOfServices();
  juliet.close();
  sessions[1].handle('set', NS_SI, 'si', () => answer(0));
  sessions[1].handle('set', NS_IBB, 'open', () => {
    throw new StanzaError('cancel', condition);
  });
  const offer = offerBySi(new SiFileTransfers(sessions[0], romeo));
  await expect(offer(JULIET, FILE, { signal })).rejects.toThrow(outcome);
});

test('a recipient that has accepted and does not answer is one to be tried again', () => {
  expect(whyNotOpened(new RequestTimeout('no answer'))).toBeInstanceOf(BytestreamLost);
});
