import { networkInterfaces } from 'node:os';
import { expect, test } from '@jest/globals';

const HAS_IPV6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

/** Defines tests that need `::1`; on a machine that has none, one that says so. `requirement`: such as `R1003`. */
export function withIPv6(requirement: string, define: () => void): void {
  if (HAS_IPV6) return define();
  test(`this machine has no ::1, and says nothing of IPv6 (${requirement})`, () => {
    expect(HAS_IPV6).toBe(false);
  });
}
