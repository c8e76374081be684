import { describe, expect, test } from '@jest/globals';
import { formatKey } from '../../../src/protocol/seal/public-key.js';
import { ownHints } from '../../../src/session/hints.js';
import type { Event } from '../../../src/transfer/events.js';
import type { Encrypt } from '../../../src/transfer/keys/rules.js';
import type { TrustedKey } from '../../../src/transfer/keys/trusted-keys.js';
import { KeyRules, type KeyRulesOptions } from '../../../src/transfer/receiving/key-rules.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { KeyNotTrusted } from '../../../src/transfer/ways/key-errors.js';
import { keyOfNumber, memoryTrust } from '../../support/sealing.js';

const OURS = 'juliet@capulet.example';
const ROMEOS = 'romeo@montague.example';
const OWN = keyOfNumber(1);
const HIS = keyOfNumber(2);
const HOUR_MS = 3_600_000;

function rulesOf(options: Partial<KeyRulesOptions> = {}) {
  const [told, trusted, clock] = [[] as Event[], memoryTrust(), { now: 0 }];
  const rules = new KeyRules({
    ...{ encrypt: 'auto', trust: 'first', own: OWN, account: OURS, trusted },
    report: (event) => told.push(event),
    now: () => new Date(clock.now),
    ...options,
  });
  const offer = (jid: string, peerKey?: Buffer) => ({ peer: `${jid}/x`, peerKey }) as IncomingOffer;
  return { rules, told, trusted, clock, offer };
}

const pinned = (key: Buffer) => [{ key: formatKey(key), isVerified: false, since: new Date(0) }];

describe('what comes of the own account', () => {
  test.each<[string, Encrypt, Buffer | undefined, boolean]>([
    ['sealed', 'auto', OWN.publicKey, true],
    ['in the clear', 'auto', undefined, false],
    ['in the clear, as the user wants it,', 'off', undefined, true],
  ])('%s with --encrypt %s may be run or not (R532)', async (_, encrypt, key, isOurs) => {
    const { rules, offer } = rulesOf({ encrypt });
    expect(await rules.judge(offer(OURS, key), 'named')).toMatchObject({ isOurs });
    expect(await rules.judge(offer(ROMEOS, key), 'named')).toMatchObject({ isOurs: false });
  });

  test('in the clear is told of as what comes of others whose key is known (R532)', async () => {
    const { rules, told, offer } = rulesOf();
    await rules.judge(offer(OURS), 'named');
    const text = `${OURS} sends without encryption, though a key of theirs is known here`;
    expect(told).toEqual([{ event: 'warning', text }]);
  });

  test.each<['first' | 'known' | 'verified', boolean]>([
    ['first', false],
    ['known', true],
    ['verified', true],
  ])('by another key that is %s may be run: %s (R645)', async (trust, isOurs) => {
    const { rules, trusted, offer } = rulesOf();
    if (trust !== 'first') {
      const [key] = pinned(HIS.publicKey);
      trusted.of.set(OURS, [{ ...key, isVerified: trust === 'verified' } as TrustedKey]);
    }
    const judged = await rules.judge(offer(OURS, HIS.publicKey), 'named');
    expect(judged).toMatchObject({ isOurs, secrecy: { trust } });
  });

  test('by the key of this machine needs no first contact, whatever else is known (R376)', async () => {
    const { rules, trusted, offer } = rulesOf({ trust: 'known' });
    trusted.of.set(OURS, pinned(HIS.publicKey));
    const judged = await rules.judge(offer(OURS, OWN.publicKey), 'named');
    expect(judged.secrecy).toMatchObject({ encrypted: true, trust: 'known' });
    await expect(rules.judge(offer(ROMEOS, OWN.publicKey), 'named')).rejects.toThrow(KeyNotTrusted);
  });
});

test('what is in the clear is refused where it may not be, with the reason', async () => {
  const strict = rulesOf({ encrypt: 'require' });
  await expect(strict.rules.judge(strict.offer(ROMEOS), 'named')).rejects.toThrow(
    'it is not encrypted, as --encrypt require wants it',
  );
  const { rules, trusted, offer } = rulesOf();
  trusted.of.set(ROMEOS, [{ ...pinned(HIS.publicKey)[0], isVerified: true } as TrustedKey]);
  const error = await rules.judge(offer(ROMEOS), 'named').catch((reason) => reason);
  expect(error.message).toBe(`it is not encrypted, though a key of ${ROMEOS} was compared here`);
  expect(ownHints(error)).toEqual([
    'ask them whether they sent it, and for the same with encryption',
    'receive --encrypt off takes what is not encrypted, of everybody',
  ]);
});

test('one of anybody is sealed, and not pinned (R531)', async () => {
  const { rules, trusted, told, offer } = rulesOf();
  const judged = await rules.judge(offer(ROMEOS, HIS.publicKey), 'anyone');
  expect(judged.secrecy).toMatchObject({ encrypted: true, trust: 'unknown' });
  await judged.proven();
  expect([trusted.of.size, told]).toEqual([0, []]);
});

test('--trust known takes no first key (R531)', async () => {
  const { rules, offer } = rulesOf({ trust: 'known' });
  const judged = rules.judge(offer(ROMEOS, HIS.publicKey), 'named');
  await expect(judged).rejects.toThrow(KeyNotTrusted);
  await expect(judged).rejects.toThrow(
    `no key of ${ROMEOS} is known here, and --trust known takes no first one`,
  );
});

test('one key is known by each form of a domain (R377)', async () => {
  const { rules, trusted, offer } = rulesOf();
  trusted.of.set('j@bücher.example', pinned(HIS.publicKey));
  for (const jid of ['j@bücher.example', 'j@xn--bcher-kva.example']) {
    const judged = await rules.judge(offer(jid, HIS.publicKey), 'named');
    expect(judged.secrecy).toMatchObject({ trust: 'known' });
  }
});

test('another key than is known is shown with the refusal (R1072)', async () => {
  const { rules, trusted, offer } = rulesOf();
  trusted.of.set(ROMEOS, pinned(HIS.publicKey));
  const another = keyOfNumber(3).publicKey;
  await expect(rules.judge(offer(ROMEOS, another), 'named')).rejects.toThrow(
    `${ROMEOS} has another key than before: ${formatKey(another)}`,
  );
});

test('another key is news once an hour; each file in the clear is told of (R533)', async () => {
  const { rules, trusted, told, clock, offer } = rulesOf();
  trusted.of.set(ROMEOS, pinned(HIS.publicKey));
  const news = () => rules.isNews(`${ROMEOS}/x`);
  expect([news(), news()]).toEqual([true, false]);
  for (const _ of [1, 2]) await rules.judge(offer(ROMEOS), 'named');
  expect(told).toHaveLength(2);
  clock.now = HOUR_MS - 1;
  expect(news()).toBe(false);
  clock.now = HOUR_MS;
  expect(news()).toBe(true);
});
