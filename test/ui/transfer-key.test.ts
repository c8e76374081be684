import { expect, test } from '@jest/globals';
import { transferKey } from '../../src/ui/transfer-key.js';

test('tells transfers apart by peer and by name, whatever is in them', () => {
  const keys = [
    { peer: 'a', name: 'b' },
    { peer: 'a', name: 'c' },
    { peer: 'b', name: 'b' },
    { peer: 'a","b', name: '' },
    { peer: 'a' },
    {},
  ].map(transferKey);
  expect(new Set(keys).size).toBe(keys.length);
});
