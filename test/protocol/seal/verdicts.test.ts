import { describe, expect, test } from '@jest/globals';
import { SealBroken } from '../../../src/protocol/seal/seal-broken.js';
import {
  readVerdict,
  type SealedVerdict,
  verdictBytes,
} from '../../../src/protocol/seal/verdicts.js';
import { pairOfSeals } from './seals.js';

const RECEIVED: SealedVerdict = { said: 'received', sha256: Buffer.alloc(32, 0xab) };
const FAILED: SealedVerdict = { said: 'failed', condition: 'media-error' };

const padded = (text: string, length = 256) => Buffer.from(text.padEnd(length));

describe('a verdict', () => {
  test.each([RECEIVED, FAILED])('comes back as it was: $said (R245)', (verdict) => {
    expect(readVerdict(verdictBytes(verdict))).toEqual(verdict);
  });

  test('has the same length whatever it says (R245)', () => {
    const { verdicts } = pairOfSeals().hers;
    const [one, other] = [verdicts.seal(RECEIVED), verdicts.seal(FAILED)];
    expect([one.length, other.length]).toEqual([256 + 16, 256 + 16]);
  });

  test.each([
    ['nothing', padded('')],
    ['another word', padded(`receives ${'ab'.repeat(32)}`)],
    ['too short a hash', padded(`received ${'ab'.repeat(31)}`)],
    ['too long a hash', padded(`received ${'ab'.repeat(33)}`)],
    ['a hash in capitals', padded(`received ${'AB'.repeat(32)}`)],
    ['no condition', padded('failed ')],
    ['a condition that is a text', padded('failed it hurts')],
    ['too long a condition', padded(`failed ${'a'.repeat(65)}`)],
    ['a failure that is a success (R805)', padded('failed success')],
    ['two lines', padded(`failed a\nreceived ${'ab'.repeat(32)}`)],
    ['fewer than 256 bytes', padded('failed a', 255)],
    ['more than 256 bytes', padded('failed a', 512)],
  ])('is none with %s', (_what, bytes) => {
    expect(() => readVerdict(bytes)).toThrow(SealBroken);
  });

  test('is none with a hash or a condition that cannot be one', () => {
    expect(() => verdictBytes({ said: 'received', sha256: Buffer.alloc(20) })).toThrow(RangeError);
    expect(() => verdictBytes({ said: 'failed', condition: 'a b' })).toThrow(RangeError);
    expect(() => verdictBytes({ said: 'failed', condition: 'success' })).toThrow(RangeError);
  });
});

describe('sealed verdicts', () => {
  test('open in their order, and the last one again (R245)', () => {
    const { his, hers } = pairOfSeals();
    const [one, two] = [hers.verdicts.seal(FAILED), hers.verdicts.seal(RECEIVED)];
    expect(() => his.verdicts.open(two)).toThrow(SealBroken);
    expect(his.verdicts.open(one)).toEqual(FAILED);
    expect(his.verdicts.open(one)).toEqual(FAILED);
    expect(his.verdicts.open(two)).toEqual(RECEIVED);
    expect(his.verdicts.open(two)).toEqual(RECEIVED);
    expect(() => his.verdicts.open(one)).toThrow(SealBroken);
  });

  test('are of one handshake, and of its responder (R245)', () => {
    const { his, hers } = pairOfSeals();
    expect(() => pairOfSeals().his.verdicts.open(hers.verdicts.seal(RECEIVED))).toThrow(SealBroken);
    const altered = hers.verdicts.seal(RECEIVED);
    altered.writeUInt8(altered.readUInt8(9) ^ 1, 9);
    expect(() => his.verdicts.open(altered)).toThrow(SealBroken);
    expect(() => his.verdicts.open(Buffer.alloc(0))).toThrow(SealBroken);
  });
});
