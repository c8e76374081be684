import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  contentIdOf,
  digest,
  formatContentId,
  HASH_ALGORITHMS,
  matches,
  parseContentId,
} from '../../../src/protocol/bob/content-id.js';

// XEP-0231 §2.2
const SPOT = 'sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org';

/** `abc`: FIPS 180 and FIPS 202 examples, RFC 7693 appendix A. */
const ABC: [algorithm: string, hash: string][] = [
  ['sha1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['sha-1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['sha-224', '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
  ['sha-256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'sha-384',
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  ],
  [
    'sha-512',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
  ['sha3-224', 'e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf'],
  ['sha3-256', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
  [
    'sha3-384',
    'ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25',
  ],
  [
    'sha3-512',
    'b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0',
  ],
  [
    'blake2b-512',
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  ],
];

test('every algorithm is tried here', () => {
  expect(ABC.map(([algorithm]) => algorithm).sort()).toEqual([...HASH_ALGORITHMS].sort());
});

describe.each(ABC)('a cid of %s', (algorithm, hash) => {
  const label = algorithm === 'sha-1' ? 'sha1' : algorithm; // XEP-0231 §2.5
  const cid = `${label}+${hash}@bob.xmpp.org`;

  test('names the bytes by their hash', () => {
    expect(contentIdOf(Buffer.from('abc'), algorithm)).toBe(cid);
  });

  test('is read, in any case and with or without "cid:"', () => {
    for (const text of [cid, cid.toUpperCase(), `cid:${cid}`, `CID:${cid.toUpperCase()}`]) {
      expect(parseContentId(text)).toEqual({ algorithm: label, hash });
    }
  });

  test('matches those bytes and no others', () => {
    expect(matches({ algorithm, hash }, Buffer.from('abc'))).toBe(true);
    expect(matches({ algorithm, hash }, Buffer.from('abd'))).toBe(false);
    expect(matches({ algorithm, hash }, Buffer.from(''))).toBe(false);
  });

  test('is not read with a hash of another length', () => {
    for (const wrong of [hash.slice(1), hash.slice(2), `${hash}0`, `${hash}00`]) {
      expect(parseContentId(`${algorithm}+${wrong}@bob.xmpp.org`)).toBeUndefined();
    }
  });
});

test('the cid of the XEP is read', () => {
  const id = { algorithm: 'sha1', hash: '8f35fef110ffc5df08d579a50083ff9308fb6242' };
  expect(parseContentId(SPOT)).toEqual(id);
  expect(parseContentId(`cid:${SPOT}`)).toEqual(id);
  expect(formatContentId(id)).toBe(SPOT);
});

test('a cid reads as it was written', () => {
  const algorithms = fc.constantFrom(...HASH_ALGORITHMS);
  fc.assert(
    fc.property(algorithms, fc.uint8Array(), (algorithm, bytes) => {
      const id = parseContentId(contentIdOf(bytes, algorithm));
      const label = algorithm === 'sha-1' ? 'sha1' : algorithm;
      expect(id).toEqual({ algorithm: label, hash: digest(algorithm, bytes) });
    }),
  );
});

const HASH = 'a9993e364706816aba3e25717850c26c9cd0d89d';

test.each([
  '',
  'cid:',
  HASH,
  `sha1+${HASH}`,
  `+${HASH}@bob.xmpp.org`,
  `sha1@bob.xmpp.org`,
  `sha1+@bob.xmpp.org`,
  `sha1-${HASH}@bob.xmpp.org`,
  `sha1+${HASH}@example.org`,
  `sha1+${HASH}@bob.xmpp.org.example`,
  `sha1+${HASH}@bobxxmpp.org`,
  `sha1+${HASH.replace('a', 'g')}@bob.xmpp.org`,
  `sha1+${HASH}@bob.xmpp.org `,
  ` sha1+${HASH}@bob.xmpp.org`,
  `sha1+${HASH}@bob.xmpp.org\n`,
  `cid:cid:sha1+${HASH}@bob.xmpp.org`,
  `sha1+../../../../../../../../etc/passwd@bob.xmpp.org`,
  `md5+900150983cd24fb0d6963f7d28e17f72@bob.xmpp.org`,
  `sha+${HASH}@bob.xmpp.org`,
  `sha256+ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad@bob.xmpp.org`,
  `blake2b512+${'0'.repeat(128)}@bob.xmpp.org`,
  `__proto__+${HASH}@bob.xmpp.org`,
  `constructor+${HASH}@bob.xmpp.org`,
  `tostring+${HASH}@bob.xmpp.org`,
  `valueof+${HASH}@bob.xmpp.org`,
])('%j has no hash that can be checked', (cid) => {
  expect(parseContentId(cid)).toBeUndefined();
});

test.each(['md5', 'SHA-256', 'sha256', '', '__proto__', 'constructor', 'toString'])(
  'there is no digest by %j',
  (algorithm) => {
    expect(() => digest(algorithm, Buffer.from('abc'))).toThrow(RangeError);
    expect(() => contentIdOf(Buffer.from('abc'), algorithm)).toThrow(RangeError);
  },
);
