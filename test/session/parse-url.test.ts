import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parseUrl } from '../../src/session/parse-url.js';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

test('a URL with letters beyond ASCII is one, however often it is read (R1267)', () => {
  const hosts = new Set<string | undefined>();
  for (let count = 0; count < 30_000; count += 1) {
    hosts.add(parseUrl('https://b\u00fccher.example/')?.hostname);
  }
  expect([...hosts]).toEqual(['xn--bcher-kva.example']);
});

test('a URL may be told by another one', () => {
  expect(parseUrl('/x', 'https://example.org/y')?.href).toBe('https://example.org/x');
  expect([parseUrl('/x'), parseUrl('https://a b/')]).toEqual([undefined, undefined]);
});

test('nothing goes by what Node 20 answers wrongly (R1267)', () => {
  const paths = readdirSync(SRC, { recursive: true }) as string[];
  const sources = paths.filter((path) => path.endsWith('.ts'));
  const asking = sources.filter((path) => readFileSync(SRC + path, 'utf8').includes('canParse('));
  expect([asking, sources.length > 100]).toEqual([[], true]);
});
