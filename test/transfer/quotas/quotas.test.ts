import { expect, test } from '@jest/globals';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';

const STRANGER = 'tybalt@capulet.example/street';

test('who has long words of his own sent back hears soon nothing more (R121)', () => {
  const refused = (characters: number) => {
    const quotas = new Quotas(0);
    for (let count = 0; ; count += 1) {
      if (!quotas.mayRefuse(STRANGER, characters)) return count;
    }
  };
  expect([20, 9_000, 46_000].map(refused)).toEqual([200, 5, 1]);
});
