import { expect, test } from '@jest/globals';
import { type Channel, ChannelLost, CloseUnconfirmed } from '../../../src/protocol/channel.js';
import { whyNotOpened } from '../../../src/protocol/ibb/opening/why-not-opened.js';
import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { answer, NS_SI } from '../../../src/protocol/si/stanzas.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { RecipientRefused, WayRefused } from '../../../src/transfer/recipient-errors.js';
import { offerBySi } from '../../../src/transfer/ways/si.js';
import { pairOfServices } from '../../protocol/ibb/bytestreams.js';
import { JULIET } from '../../support/linked-sessions.js';

const FILE = { name: 'letter.txt', size: 6 };
const TO_JULIET = { peer: JULIET, ways: [] };
const { signal } = new AbortController();

// A file that the daemon could not publish, or that it was killed over, was done for its sender.
test.each([
  ['counts as delivered by one of whom nothing else is known', {}, 'unverified'],
  ['is a failure of one who answers', { answersClose: true }, CloseUnconfirmed],
] as const)('a close by SI that is not confirmed %s', async (_title, known, verdict) => {
  const { romeo, juliet, sessions } = pairOfServices();
  const accepting = new SiFileTransfers(sessions[1], juliet);
  const hers = new Promise<Channel>((resolve, reject) => {
    accepting.onOffer = (file) => file.accept().then(resolve, reject);
  });
  const offer = offerBySi(new SiFileTransfers(sessions[0], romeo));
  const { channel, confirmed } = await offer({ ...TO_JULIET, ...known }, FILE, { signal });
  const lost = (await hers).on('error', () => undefined).resume();
  const acknowledged = new Promise((resolve) => channel.once('acknowledged', resolve));
  channel.write('letter');
  await acknowledged;
  lost.abandon();
  channel.end();
  await new Promise((resolve) => channel.once('close', resolve));
  const outcome = await confirmed().catch((error) => error.constructor);
  expect(outcome).toBe(verdict);
});

test.each([
  ['item-not-found', ChannelLost],
  ['remote-server-timeout', ChannelLost],
  ['not-acceptable', RecipientRefused],
])('a bytestream that was accepted by SI, and then %s', async (condition, outcome) => {
  const { romeo, juliet, sessions } = pairOfServices();
  juliet.close();
  sessions[1].handle('set', NS_SI, 'si', () => answer(0));
  sessions[1].handle('set', NS_IBB, 'open', () => {
    throw new StanzaError('cancel', condition);
  });
  const offer = offerBySi(new SiFileTransfers(sessions[0], romeo));
  await expect(offer(TO_JULIET, FILE, { signal })).rejects.toThrow(outcome);
});

test('a file without a size is left to another way', async () => {
  const { romeo, sessions } = pairOfServices();
  const offer = offerBySi(new SiFileTransfers(sessions[0], romeo));
  await expect(offer(TO_JULIET, { name: 'pipe' }, { signal })).rejects.toThrow(
    new WayRefused('by SI a file must have a size'),
  );
});

test('a recipient that has accepted and does not answer is one to be tried again', () => {
  const why = whyNotOpened(new RequestTimeout('no answer'));
  expect(why).toBeInstanceOf(ChannelLost);
  expect(why.message).toBe(
    'the recipient has accepted the file, and is not there any more (no answer)',
  );
});
