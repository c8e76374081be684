import { expect, test } from '@jest/globals';
import { type Passing, randomFaults } from './fault-proxy.js';

const PLACES: Passing[] = [1, 2].flatMap((connection) =>
  (['toServer', 'toClient'] as const).flatMap((direction) =>
    Array.from({ length: 500 }, (_, count) => ({ connection, direction, count, stanza: '' })),
  ),
);

test('a seed repeats its faults in whatever order stanzas pass', () => {
  const faults = PLACES.map(randomFaults(7, { drop: 0.1, repeat: 0.1 }));
  const backwards = [...PLACES].reverse().map(randomFaults(7, { drop: 0.1, repeat: 0.1 }));
  expect(backwards.reverse()).toEqual(faults);
  expect(PLACES.map(randomFaults(8, { drop: 0.1, repeat: 0.1 }))).not.toEqual(faults);
});

test('faults are as frequent as they are to be', () => {
  const faults = PLACES.map(randomFaults(1, { drop: 0.2, reset: 0.1 }));
  const share = (fault: string) => faults.filter((one) => one === fault).length / faults.length;
  expect(share('drop')).toBeCloseTo(0.2, 1);
  expect(share('reset')).toBeCloseTo(0.1, 1);
  expect(share('pass')).toBeCloseTo(0.7, 1);
});
