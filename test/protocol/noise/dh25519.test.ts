import { describe, expect, test } from '@jest/globals';
import {
  dh,
  generateKeyPair,
  keyPairFrom,
  secretBytesOf,
} from '../../../src/protocol/noise/dh25519.js';
import { HandshakeState } from '../../../src/protocol/noise/handshake-state.js';
import { NoiseFailure } from '../../../src/protocol/noise/noise-failure.js';
import { createParties } from './parties.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const NOTHING = Buffer.alloc(0);

/** RFC 7748 §6.1. */
const [ALICE, BOB] = [
  hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
  hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
];
const ALICES_PUBLIC = hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
const BOBS_PUBLIC = hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
const SHARED = hex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');

/** All that RFC 7748 takes for a point of low order, some of them in two spellings. */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
].map(hex);

describe('X25519', () => {
  test('is that of RFC 7748', () => {
    const [alice, bob] = [keyPairFrom(ALICE), keyPairFrom(BOB)];
    expect([alice.publicKey, bob.publicKey]).toEqual([ALICES_PUBLIC, BOBS_PUBLIC]);
    expect([dh(alice, BOBS_PUBLIC), dh(bob, ALICES_PUBLIC)]).toEqual([SHARED, SHARED]);
  });

  test('has secrets of 32 bytes, which come back as they went in', () => {
    expect(secretBytesOf(keyPairFrom(ALICE))).toEqual(ALICE);
    expect(keyPairFrom(secretBytesOf(generateKeyPair())).publicKey).toHaveLength(32);
    expect(() => keyPairFrom(ALICE.subarray(1))).toThrow(RangeError);
    expect(() => keyPairFrom(Buffer.alloc(33))).toThrow(RangeError);
  });

  test.each(LOW_ORDER.map((point) => [point.toString('hex'), point] as const))(
    'agrees on nothing with %s (R241)',
    (_hex, point) => {
      expect(() => dh(generateKeyPair(), point)).toThrow(NoiseFailure);
    },
  );
});

describe('a handshake with a key of low order', () => {
  test.each(LOW_ORDER)('fails for both parties (R241)', (point) => {
    const { responder } = createParties();
    const first = Buffer.concat([point, Buffer.alloc(64)]);
    expect(() => responder.readMessage(first)).toThrow(NoiseFailure);

    const { initiator } = createParties();
    initiator.writeMessage(NOTHING);
    const second = Buffer.concat([point, Buffer.alloc(16)]);
    expect(() => initiator.readMessage(second)).toThrow(NoiseFailure);

    const s = generateKeyPair();
    const writer = new HandshakeState('initiator', { prologue: NOTHING, s, rs: point });
    expect(() => writer.writeMessage(NOTHING)).toThrow(NoiseFailure);
  });
});
