import { expect, test } from '@jest/globals';
import { shownName } from '../../src/protocol/peer-text.js';

test.each([
  ['mallory@evil.example/phone-1', 'mallory@evil.example/phone-1'],
  ['mallory@evil.example/x in; all is well', '"mallory@evil.example/x in; all is well"'],
  ['mallory@evil.example/x" in; "y', `"mallory@evil.example/x' in; 'y"`],
  ['аlice@evil.example', '"аlice@evil.example"'],
  ['x'.repeat(3_000), `${'x'.repeat(100)}…`],
  ['😀'.repeat(1_000), `"${'😀'.repeat(100)}…"`],
])(
  'what somebody calls itself is short, and in quotes where it could be ours: %.60s (R1323)',
  (name, shown) => {
    expect(shownName(name)).toBe(shown);
  },
);
