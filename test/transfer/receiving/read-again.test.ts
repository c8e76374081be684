import { describe, expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import { identityOf } from '../../../src/transfer/receiving/identity.js';
import { receiveFile } from '../../../src/transfer/receiving/receive-file.js';
import { describeSource } from '../../../src/transfer/sending/describe-source.js';
import { sendFile } from '../../../src/transfer/sending/send-file.js';
import { incomingByJingle, offerByJingle } from '../../../src/transfer/ways/jingle.js';
import { pattern } from '../../protocol/ibb/bytestreams.js';
import { pairOfTransfers } from '../../protocol/jingle/transfers.js';
import { JULIET } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { keyOfNumber } from '../../support/sealing.js';
import { QUIET, sha256, sourceOf } from '../transfers.js';

const MINUTE_MS = 60_000;
/** How long the disk takes for a part. */
const PART_MS = 5_000;
const [HIS, HERS] = [keyOfNumber(1), keyOfNumber(2)];
const FILM = pattern(100_000);
const KEPT = 40_000;

const PACE = {
  ...{ maxIdleMs: 2 * MINUTE_MS, minBytes: 65_536, periodMs: 15 * MINUTE_MS },
  lifetimeMs: 24 * 60 * MINUTE_MS,
};

/**
 * Romeo goes on with a sealed film, of which Juliet reads again what is kept: for so long, after which the disk has
 * done so many of its parts, or hangs.
 */
async function goneOnWith(readingMs: number, { hangs = false } = {}) {
  const pair = pairOfTransfers({ blockSize: 4096, window: 8, pace: PACE });
  pair.juliet.key = HERS;
  const inbox = new MemoryInbox();
  const { createPartial } = inbox;
  const never = new AbortController().signal;
  let parts = 0;
  const received = new Promise<unknown>((resolve, reject) => {
    pair.juliet.onOffer = async (offered) => {
      const file = incomingByJingle(offered);
      const wanted = { identity: identityOf(file) ?? '', size: FILM.length };
      const before = await createPartial.call(inbox, wanted);
      await before.write(FILM.subarray(0, KEPT));
      await before.keep();
      inbox.createPartial = async (wanted = {}) => {
        for (let left = readingMs; left > 0; left -= PART_MS) {
          await pair.clock.sleep(PART_MS, never);
          if (!hangs) wanted.onRead?.(1);
          parts += 1;
        }
        return createPartial.call(inbox, wanted);
      };
      receiveFile(file, inbox, QUIET).then(resolve, reject);
    };
  });
  received.catch(() => undefined); // each test says what becomes of it
  const { signal } = new AbortController();
  const source = sourceOf(FILM);
  const offer = await describeSource(source, signal);
  const seal = { own: HIS, peer: HERS.publicKey, mayDeflate: false };
  const options = { signal, seal, blockSize: 4096, window: 8 };
  const accepted = await offerByJingle(pair.romeo)({ peer: JULIET, ways: [] }, offer, options);
  const ways = { signal, onProgress: () => undefined, onRead: () => undefined };
  const sent = sendFile(accepted, source, offer, ways);
  sent.catch(() => undefined); // each test says what becomes of it
  await settled();
  return { clock: pair.clock, inbox, received, sent, accepted, parts: () => parts };
}

describe('what is kept of a sealed file, and takes long to be read again,', () => {
  test.each([
    ['three minutes', 3],
    ['forty minutes', 40],
  ])('is gone on with: %s (R640)', async (_, minutes) => {
    const { clock, inbox, received, sent, accepted } = await goneOnWith(minutes * MINUTE_MS);
    await clock.advance((minutes + 1) * MINUTE_MS);
    expect(accepted.range.offset).toBe(KEPT);
    expect(await sent).toMatchObject({ size: FILM.length, sha256: sha256(FILM) });
    await received;
    expect(inbox.files.get('letter.txt')).toEqual(FILM);
  });

  test('is not waited for where the disk does nothing (R640)', async () => {
    const { clock, sent, inbox } = await goneOnWith(4 * MINUTE_MS, { hangs: true });
    await clock.advance(5 * MINUTE_MS);
    await expect(sent).rejects.toThrow(new ChannelLost('the recipient has stopped answering'));
    expect(inbox.files.size).toBe(0);
  });

  test('is not read to its end when its sender has gone, and stays kept (R640)', async () => {
    const { clock, received, accepted, inbox, parts } = await goneOnWith(4 * MINUTE_MS);
    await clock.advance(MINUTE_MS);
    await accepted.cancel();
    await clock.advance(4 * MINUTE_MS);
    await expect(received).rejects.toThrow('cancel');
    expect(parts()).toBe(MINUTE_MS / PART_MS);
    expect([...inbox.kept.values()]).toEqual([FILM.subarray(0, KEPT)]);
  });
});
