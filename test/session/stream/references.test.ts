import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decode } from '../../../src/session/stream/references.js';

const MODULE = new URL('../../../src/session/stream/references.ts', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const REFERENCES = Object.entries({
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&quot;': '"',
  '&apos;': "'",
  '&#10;': '\n',
  '&#x1F600;': '\u{1f600}',
});
const part = fc.oneof(
  fc.constantFrom(...REFERENCES),
  fc
    .string({ unit: 'binary' })
    .map((text) => text.replaceAll('&', ''))
    .map((text) => [text, text] as const),
);

test('what stands for a character becomes it, and all else stays, in texts of any length', () => {
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom(1, 2_000), (parts, times) => {
      const written = parts.map(([reference]) => reference).join('');
      const meant = parts.map(([, character]) => character).join('');
      expect(decode(written.repeat(times)) === meant.repeat(times)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test.each([
  ['&', '&'],
  ['a & b', '&'],
  ['&gt;&nbsp;', '&'],
  ['&gt', '&'],
  ['&LT;', '&LT;'],
  ['&#0;', '&#0;'],
  ['&#xD800;', '&#xD800;'],
])('%s is refused', (text, named) => {
  expect(() => decode(text)).toThrow(`the XML has an unknown reference ${named}`);
});

/** The most that a server passes on as `>`, which it writes as `&gt;`; prints the bytes of V8's heap. */
const PROGRAM = `
  const { decode } = await import(process.argv[1]);
  const { memoryUsage } = process;
  const before = memoryUsage().heapTotal;
  for (let time = 0; time < 5; time++) decode('&gt;'.repeat(200_000));
  console.log(memoryUsage().heapTotal - before);
`;

test('two hundred thousand of them leave the heap small (R702)', async () => {
  const flags = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, MODULE], { cwd: ROOT });
  expect(Number(stdout)).toBeLessThan(40_000_000);
});
