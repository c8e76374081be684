import { describe, expect, test } from '@jest/globals';
import { generateKeyPair } from '../../../src/protocol/noise/dh25519.js';
import { HandshakeState } from '../../../src/protocol/noise/handshake-state.js';
import { NoiseFailure } from '../../../src/protocol/noise/noise-failure.js';
import { createParties, shakeHands } from './parties.js';

const NOTHING = Buffer.alloc(0);

describe('a handshake', () => {
  test('tells each who the other is, and carries a payload of both', () => {
    const { initiator, responder, hers, his } = createParties();
    expect(responder.remoteStatic).toBeUndefined();
    const first = initiator.writeMessage(Buffer.from('hello'));
    expect(responder.readMessage(first).toString()).toBe('hello');
    expect(responder.remoteStatic).toEqual(Uint8Array.from(hers.publicKey));
    expect(initiator.readMessage(responder.writeMessage(Buffer.from('you too'))).toString()).toBe(
      'you too',
    );
    expect(initiator.remoteStatic).toEqual(his.publicKey);
  });

  test('never has the same message twice, nor the same keys', () => {
    const options = { prologue: NOTHING, s: generateKeyPair(), rs: generateKeyPair().publicKey };
    const [one, other] = [1, 2].map(() =>
      new HandshakeState('initiator', options).writeMessage(NOTHING),
    );
    expect(one?.subarray(0, 32)).not.toEqual(other?.subarray(0, 32));
  });

  test.each([
    ['the ephemeral key', 0],
    ['the lasting key', 40],
    ['the tag of the lasting key', 70],
    ['the payload', 85],
    ['the tag of the payload', -1],
  ])('fails when a bit of %s in its first message is another one', (_what, at) => {
    const { initiator, responder } = createParties();
    const message = initiator.writeMessage(Buffer.from('a payload'));
    message.writeUInt8(
      message.readUInt8(at < 0 ? message.length + at : at) ^ 1,
      at < 0 ? message.length + at : at,
    );
    expect(() => responder.readMessage(message)).toThrow(NoiseFailure);
  });

  test.each([0, 31, 32, 79, 80, 95])('fails over a first message of %i bytes', (length) => {
    const { initiator, responder } = createParties();
    const message = initiator.writeMessage(NOTHING).subarray(0, length);
    expect(() => responder.readMessage(message)).toThrow(NoiseFailure);
  });

  test.each([0, 31, 32, 47])('fails over a second message of %i bytes', (length) => {
    const { initiator, responder } = createParties();
    responder.readMessage(initiator.writeMessage(NOTHING));
    const message = responder.writeMessage(NOTHING).subarray(0, length);
    expect(() => initiator.readMessage(message)).toThrow(NoiseFailure);
  });

  test('fails between parties whose prologues differ', () => {
    const [one, other] = [createParties(Buffer.from('a')), createParties(Buffer.from('b'))];
    const stranger = new HandshakeState('responder', { prologue: Buffer.from('b'), s: one.his });
    expect(() => stranger.readMessage(one.initiator.writeMessage(NOTHING))).toThrow(NoiseFailure);
    expect(() => other.responder.readMessage(NOTHING)).toThrow(NoiseFailure);
  });

  test('fails with a responder who has another key', () => {
    const { initiator } = createParties();
    const { responder } = createParties();
    expect(() => responder.readMessage(initiator.writeMessage(NOTHING))).toThrow(NoiseFailure);
  });

  test('fails over a second message that answers another first one', () => {
    const [one, other] = [createParties(), createParties()];
    other.responder.readMessage(other.initiator.writeMessage(NOTHING));
    one.initiator.writeMessage(NOTHING);
    const message = other.responder.writeMessage(NOTHING);
    expect(() => one.initiator.readMessage(message)).toThrow(NoiseFailure);
  });

  test('is over when it has failed, and has no keys', () => {
    const { initiator, responder } = createParties();
    expect(() => responder.readMessage(Buffer.alloc(96))).toThrow(NoiseFailure);
    const good = initiator.writeMessage(NOTHING);
    expect(() => responder.readMessage(good)).toThrow('the handshake is over');
    expect(() => responder.writeMessage(NOTHING)).toThrow('the handshake is over');
    expect(() => responder.split()).toThrow('the handshake is over');
  });

  test('has an order', () => {
    const { initiator, responder } = createParties();
    expect(() => responder.writeMessage(NOTHING)).toThrow('the handshake is over');
    expect(() => initiator.readMessage(Buffer.alloc(48))).toThrow('the handshake is over');
    const message = initiator.writeMessage(NOTHING);
    expect(() => initiator.writeMessage(NOTHING)).toThrow('the handshake is over');
    expect(() => initiator.split()).toThrow('the handshake is over');
    expect(responder.readMessage(message)).toEqual(NOTHING);
  });

  test('gives its keys away once', () => {
    const parties = createParties();
    shakeHands(parties);
    expect(() => parties.initiator.split()).toThrow('the handshake is over');
    expect(() => parties.responder.split()).toThrow('the handshake is over');
  });

  test('has messages of at most 65,535 bytes', () => {
    const { initiator } = createParties();
    expect(() => initiator.writeMessage(Buffer.alloc(65_535 - 95))).toThrow(RangeError);
    const { initiator: another, responder } = createParties();
    expect(responder.readMessage(another.writeMessage(Buffer.alloc(65_535 - 96)))).toHaveLength(
      65_535 - 96,
    );
    expect(() => createParties().responder.readMessage(Buffer.alloc(65_536))).toThrow(NoiseFailure);
  });

  test('needs the key of its responder, of 32 bytes', () => {
    const [prologue, s] = [NOTHING, generateKeyPair()];
    expect(() => new HandshakeState('initiator', { prologue, s })).toThrow(RangeError);
    const rs = s.publicKey.subarray(1);
    expect(() => new HandshakeState('initiator', { prologue, s, rs })).toThrow(RangeError);
  });
});
