import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  HASH_FEATURES,
  hash,
  hashUsed,
  readHashes,
  readHashFunctions,
} from '../../../src/protocol/hashes/hash-elements.js';
import { HASH_FUNCTIONS, nodeNameOf } from '../../../src/protocol/hashes/hash-functions.js';
import { xml } from '../../../src/session/xml.js';
import { parse } from '../../support/linked-sessions.js';

const digestOf = (name: string) =>
  createHash(nodeNameOf(name) as string)
    .update('abc')
    .digest();

const file = (...children: string[]) => parse(`<file>${children.join('')}</file>`);
const element = (algo: string, text: string) =>
  `<hash xmlns='urn:xmpp:hashes:2' algo='${algo}'>${text}</hash>`;

describe('the hash functions', () => {
  test('are those that one MUST and SHOULD have, and some more', () => {
    expect(HASH_FUNCTIONS).toEqual(
      expect.arrayContaining(['sha-256', 'sha-512', 'sha3-256', 'sha3-512', 'blake2b-512']),
    );
    expect(HASH_FEATURES).toEqual(
      expect.arrayContaining([
        'urn:xmpp:hashes:2',
        'urn:xmpp:hash-function-text-names:sha-256',
        'urn:xmpp:hash-function-text-names:sha3-256',
      ]),
    );
    expect(HASH_FEATURES).not.toContain('urn:xmpp:hash-function-text-names:md5');
  });

  test.each([
    ['sha-1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha-256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['md5', '900150983cd24fb0d6963f7d28e17f72'],
    ['sha3-256', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
  ])('%s is what its name says', (name, hex) => {
    expect(digestOf(name).toString('hex')).toBe(hex);
  });

  test.each(['sha256', 'SHA-256', 'blake2b-256', 'toString', '__proto__', ''])(
    'there is none by the name %j',
    (name) => {
      expect(nodeNameOf(name)).toBeUndefined();
    },
  );
});

describe('hashes', () => {
  test.each(HASH_FUNCTIONS)('of %s that are written can be read', (name) => {
    const digest = digestOf(name);
    const written = file(hash(name, digest).toString());
    expect(readHashes(written)).toEqual(new Map([[name, digest]]));
  });

  test('may be several', () => {
    const both = file(
      hash('sha-1', digestOf('sha-1')).toString(),
      hash('sha-256', digestOf('sha-256')).toString(),
    );
    expect([...readHashes(both).keys()]).toEqual(['sha-1', 'sha-256']);
    expect(readHashFunctions(both)).toEqual(['sha-1', 'sha-256']);
  });

  test('of unknown algorithms, of none, or elsewhere, are left out', () => {
    const sha1 = digestOf('sha-1').toString('base64');
    const others = file(
      element('whirlpool', sha1),
      element('blake2b-256', sha1),
      `<hash xmlns='urn:xmpp:hashes:2'>${sha1}</hash>`,
      `<hash xmlns='urn:xmpp:hashes:1' algo='sha-1'>${sha1}</hash>`,
      `<range>${element('sha-1', sha1)}</range>`,
    );
    expect(readHashes(others).size).toBe(0);
    expect(readHashFunctions(others)).toEqual([]);
  });

  test('may only be announced', () => {
    expect(readHashFunctions(file(hashUsed('sha-1').toString()))).toEqual(['sha-1']);
    expect(readHashes(file(hashUsed('sha-1').toString())).size).toBe(0);
    const empty = file(element('sha-256', ''));
    expect(readHashFunctions(empty)).toEqual(['sha-256']);
    expect(readHashes(empty).size).toBe(0);
  });

  test('may be broken into lines', () => {
    const text = `\n  ${digestOf('sha-256').toString('base64')}\n`;
    expect(readHashes(file(element('sha-256', text))).get('sha-256')).toEqual(digestOf('sha-256'));
  });

  test.each([
    ['of another length', digestOf('sha-1').toString('base64')],
    ['in hex', digestOf('sha-256').toString('hex')],
    ['that are no base64', '!'],
    ['of spaces', '   '],
  ])('%s are refused', (_what, text) => {
    expect(() => readHashes(file(element('sha-256', text)))).toThrow(
      expect.objectContaining({ type: 'modify', condition: 'bad-request' }),
    );
  });

  test('of no elements are none', () => {
    expect(readHashes(xml('file')).size).toBe(0);
  });
});
