import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { keyPairFrom } from '../../../src/protocol/noise/dh25519.js';
import { HandshakeState } from '../../../src/protocol/noise/handshake-state.js';
import { HAS_PEERS } from '../../support/servers/server.js';

/** Of Debian's golang-github-flynn-noise-dev, which test/support/setup.js puts in place. */
const VECTORS = '/usr/share/gocode/src/github.com/flynn/noise/vectors.txt';
const NAME = 'Noise_IK_25519_ChaChaPoly_SHA256';

type Vector = Record<string, string>;

/** Each is a paragraph of `name=value`, in hexadecimal but for the name of the handshake. */
function readVectors(): Vector[] {
  return readFileSync(VECTORS, 'utf8')
    .trim()
    .split(/\n\n+/)
    .map((paragraph) => Object.fromEntries(paragraph.split('\n').map((line) => line.split('='))))
    .filter(({ handshake }) => handshake === NAME);
}

const bytes = (hex: string | undefined) => Buffer.from(hex ?? '', 'hex');

function partiesOf(vector: Vector) {
  const prologue = bytes(vector.prologue);
  const [initiators, responders] = [vector.init_static, vector.resp_static].map((secret) =>
    keyPairFrom(bytes(secret)),
  ) as [ReturnType<typeof keyPairFrom>, ReturnType<typeof keyPairFrom>];
  const initiator = new HandshakeState('initiator', {
    ...{ prologue, s: initiators, rs: responders.publicKey },
    e: keyPairFrom(bytes(vector.gen_init_ephemeral)),
  });
  const responder = new HandshakeState('responder', {
    ...{ prologue, s: responders, e: keyPairFrom(bytes(vector.gen_resp_ephemeral)) },
  });
  return { initiator, responder };
}

(HAS_PEERS ? describe : describe.skip)('the vectors of flynn/noise', () => {
  const vectors = HAS_PEERS ? readVectors() : [];

  test('are there, with and without a prologue and payloads', () => {
    expect(vectors).toHaveLength(4);
    expect(new Set(vectors.map(({ prologue }) => prologue)).size).toBeGreaterThan(1);
    expect(new Set(vectors.map(({ msg_0_payload }) => msg_0_payload)).size).toBeGreaterThan(1);
  });

  test.each(vectors.map((vector, at) => [at + 1, vector] as const))(
    'number %i is what both parties write and read (R240)',
    (_number, vector) => {
      const { initiator, responder } = partiesOf(vector);
      const message = (at: number) => bytes(vector[`msg_${at}_ciphertext`]);
      const payload = (at: number) => bytes(vector[`msg_${at}_payload`]);

      expect(initiator.writeMessage(payload(0))).toEqual(message(0));
      expect(responder.readMessage(message(0))).toEqual(payload(0));
      expect(responder.writeMessage(payload(1))).toEqual(message(1));
      expect(initiator.readMessage(message(1))).toEqual(payload(1));

      const [ours, theirs] = [initiator.split(), responder.split()];
      const last = Object.keys(vector).filter((key) => key.endsWith('_ciphertext')).length;
      for (let at = 2; at < last; at += 1) {
        const direction = at % 2; // the initiator goes on, then the responder
        const [sealing, opening] = [ours, theirs].map((pair) => pair[direction as 0 | 1]);
        expect(sealing?.encryptWithAd(Buffer.alloc(0), payload(at))).toEqual(message(at));
        expect(opening?.decryptWithAd(Buffer.alloc(0), message(at))).toEqual(payload(at));
      }
      expect(last).toBeGreaterThanOrEqual(4);
    },
  );
});
