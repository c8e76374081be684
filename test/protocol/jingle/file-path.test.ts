import { describe, expect, test } from '@jest/globals';
import { isOfferedPath } from '../../../src/protocol/file-offer.js';
import { description, readDescription } from '../../../src/protocol/jingle/file-description.js';
import { NS_PATH } from '../../../src/protocol/jingle/file-path.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { xml } from '../../../src/session/xml.js';
import { hostileNames } from '../../storage/hostile-names.js';
import { parse } from '../../support/linked-sessions.js';

const read = (text: string) => readDescription(parse(text));
const ofPath = (path: string, more = '') =>
  read(
    `<description><file><name>other</name>${xml('path', { xmlns: NS_PATH }, path)}${more}</file></description>`,
  );
const FOLDER = `<folder xmlns='${NS_PATH}'/>`;

describe('the path of a file', () => {
  test('goes beside its name, and comes back (R315)', () => {
    const file = {
      name: 'a.sh',
      path: ['photos', '2024 <é>', 'a.sh'],
      isExecutable: true,
    } as const;
    const text = description(file).toString();
    expect(text).toContain('<name>a.sh</name>');
    expect(read(text)).toMatchObject(file);
  });

  test('is that of a folder without files, where it says so (R315)', () => {
    const folder = { name: 'empty', path: ['photos', 'empty'], isFolder: true, size: 0 } as const;
    expect(read(description(folder).toString())).toMatchObject(folder);
  });

  test('names the file, whatever its name is said to be (R315)', () => {
    expect(ofPath('a/b').name).toBe('b');
  });

  test('is no path in another namespace', () => {
    const other = '<description><file><name>a</name><path>b/c</path><folder/></file></description>';
    expect(read(other)).not.toHaveProperty('path');
    expect(read(other)).not.toHaveProperty('isFolder');
  });

  test.each([
    ...['', '/', '/etc/passwd', 'a//b', 'a/', '.', '..', 'a/../b', '../a', 'a/./b', 'a/..'],
    `${'a/'.repeat(64)}b`,
    `${'a/'.repeat(5000)}b`,
    `${'x'.repeat(1025)}/a`,
    `${'é'.repeat(513)}/a`,
    `${'x'.repeat(700)}/${'y'.repeat(700)}/${'z'.repeat(700)}`,
  ])('may not be %.30j (R315)', (path) => {
    expect(() => ofPath(path)).toThrow(StanzaError);
    expect(() => ofPath(path)).toThrow('bad-request');
  });

  test('may have 64 names of any kind (R315)', () => {
    const path = `${'a/'.repeat(63)}b`;
    expect(ofPath(path).path).toHaveLength(64);
    expect(ofPath('a\\b/..c/C:').path).toEqual(['a\\b', '..c', 'C:']);
  });

  test('of any hostile name is refused, or has neither a step up nor a separator in it (R315)', () => {
    const isStep = (name: string) => ['', '.', '..'].includes(name) || name.includes('/');
    const outcomes = hostileNames.map((name) => {
      try {
        const { path = [] } = read(description({ name, path: ['a', name, 'b'] }).toString());
        return path.length < 3 || path.some(isStep) ? name : 'taken';
      } catch (error) {
        return error instanceof StanzaError ? 'refused' : name;
      }
    });
    expect(new Set(outcomes)).toEqual(new Set(['taken', 'refused']));
  });

  test('of no folder is refused', () => {
    expect(() => read(`<description><file>${FOLDER}</file></description>`)).toThrow('bad-request');
  });
});

test.each([
  [[], false],
  [['a'], true],
  [['a', 'b/c'], false],
  [['a', 'b\0'], false],
  [Array(65).fill('a'), false],
])('%.40j is a path: %p', (components, isOne) => {
  expect(isOfferedPath(components)).toBe(isOne);
});
