import { describe, expect, test } from '@jest/globals';
import { generateKeyPair } from '../../../src/protocol/noise/dh25519.js';
import { HandshakeState } from '../../../src/protocol/noise/handshake-state.js';
import { NS_SEAL, offerSeal, openOffer } from '../../../src/protocol/seal/handshake.js';
import { TooLongToSeal } from '../../../src/protocol/seal/padding.js';
import { SealBroken } from '../../../src/protocol/seal/seal-broken.js';
import { PARTIES } from './seals.js';

const [romeo, juliet] = [generateKeyPair(), generateKeyPair()];
const offer = (payload: string, parties = PARTIES) =>
  offerSeal(parties, { own: romeo, peer: juliet.publicKey, payload });

describe('the handshake of a seal', () => {
  test('brings a payload each way, and tells who has offered (R244)', () => {
    const { message, answered } = offer('<description>é</description>');
    const opened = openOffer(PARTIES, juliet, message);
    expect(opened.payload).toBe('<description>é</description>');
    expect(Buffer.from(opened.peer)).toEqual(romeo.publicKey);
    expect(answered(opened.answer('<range/>').message).payload).toBe('<range/>');
  });

  test.each([
    ['another initiator', { ...PARTIES, initiator: 'tybalt@capulet.example/street' }],
    ['another resource of hers', { ...PARTIES, responder: 'juliet@capulet.example/tomb' }],
    ['another session', { ...PARTIES, sid: 's2' }],
    [
      'the same names, cut elsewhere',
      {
        ...PARTIES,
        initiator: `${PARTIES.initiator}\u0001`,
        responder: PARTIES.responder.slice(1),
      },
    ],
  ])('does not open for %s (R244)', (_what, parties) => {
    expect(() => openOffer(parties, juliet, offer('').message)).toThrow(SealBroken);
  });

  test('has no party with a NUL in it', () => {
    const parties = { ...PARTIES, sid: 'a\0b' };
    expect(() => offer('', parties)).toThrow(RangeError);
    expect(() => openOffer(parties, juliet, offer('').message)).toThrow(RangeError);
  });

  test('does not open with another key', () => {
    expect(() => openOffer(PARTIES, generateKeyPair(), offer('').message)).toThrow(SealBroken);
    const { answered } = offer('');
    const other = openOffer(PARTIES, juliet, offer('').message);
    expect(() => answered(other.answer('').message)).toThrow(SealBroken);
  });

  test.each([
    [0, 256],
    [1, 256],
    [256, 256],
    [257, 512],
    [7936, 7936],
  ])(
    'has the same length for texts of nearly the same: %i bytes as %i (R244)',
    (length, padded) => {
      const { message } = offer('a'.repeat(length));
      expect(message).toHaveLength(32 + 48 + padded + 16);
      expect(openOffer(PARTIES, juliet, message).payload).toHaveLength(length);
    },
  );

  test('has at most 8192 bytes in a message', () => {
    expect(() => offer('a'.repeat(7937))).toThrow(TooLongToSeal);
    expect(() => offer('a'.repeat(7937))).toThrow(
      /^name and description of the file take \d+ bytes, and at most \d+ can be encrypted$/,
    );
    expect(() => openOffer(PARTIES, juliet, Buffer.alloc(8193))).toThrow(SealBroken);
    const opened = openOffer(PARTIES, juliet, offer('').message);
    expect(() => opened.answer('a'.repeat(7937))).toThrow(TooLongToSeal);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no multiple of the padding', Buffer.alloc(255, ' ')],
    ['no UTF-8', Buffer.alloc(256, 0xff)],
  ])('does not open where there is %s in it', (_what, payload) => {
    const prologue = Buffer.from(
      [NS_SEAL, PARTIES.initiator, PARTIES.responder, PARTIES.sid].join('\0'),
    );
    const options = { prologue, s: romeo, rs: juliet.publicKey };
    const message = new HandshakeState('initiator', options).writeMessage(payload);
    expect(() => openOffer(PARTIES, juliet, message)).toThrow(SealBroken);
  });

  test('does not open where its key has another form than its own (R536)', () => {
    const publicKey = Buffer.from(romeo.publicKey);
    publicKey.writeUInt8((publicKey.at(-1) ?? 0) | 0x80, 31);
    const own = { ...romeo, publicKey };
    const { message } = offerSeal(PARTIES, { own, peer: juliet.publicKey, payload: '' });
    expect(() => openOffer(PARTIES, juliet, message)).toThrow(SealBroken);
  });

  test('does not open with a key that is none', () => {
    const options = { own: romeo, peer: Buffer.alloc(32), payload: '' };
    expect(() => offerSeal(PARTIES, options)).toThrow(SealBroken);
  });
});
