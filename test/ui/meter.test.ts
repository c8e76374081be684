import { expect, test } from '@jest/globals';
import { Meter } from '../../src/ui/meter.js';

function meterAt(clock: { ms: number }, size?: number): Meter {
  return new Meter('photo.jpg', size, () => clock.ms);
}

test('divides the bytes by the seconds that they took', () => {
  const clock = { ms: 5_000 };
  const meter = meterAt(clock, 4_000);
  clock.ms += 2_000;
  meter.update(1_000);
  expect(meter.rate()).toBe(500);
  expect(meter.remaining()).toBe(6);
});

test('knows no rate and no remaining time at the start', () => {
  const meter = meterAt({ ms: 0 }, 4_000);
  expect(meter.rate()).toBe(0);
  expect(meter.remaining()).toBeUndefined();
});

test('knows no remaining time without a size', () => {
  const clock = { ms: 0 };
  const meter = meterAt(clock);
  clock.ms = 1_000;
  meter.update(1_000);
  expect(meter.rate()).toBe(1_000);
  expect(meter.remaining()).toBeUndefined();
});

test('has no rate of bytes that were not sent (R302)', () => {
  const clock = { ms: 0 };
  const meter = meterAt(clock, 8_000_000);
  clock.ms = 1_000;
  meter.update(1_000);
  meter.skip(5_000_000);
  expect([meter.bytes, meter.rate()]).toEqual([5_001_000, 1_000]);
});

test('forgets a rate of long ago', () => {
  const clock = { ms: 0 };
  const meter = meterAt(clock);
  let bytes = 0;
  for (const perSecond of [...Array(20).fill(1_000_000), ...Array(7).fill(10)]) {
    clock.ms += 1_000;
    bytes += perSecond;
    meter.update(bytes);
  }
  expect(meter.rate()).toBe(10);
});

test('shows a stall by a rate that falls', () => {
  const clock = { ms: 0 };
  const meter = meterAt(clock);
  clock.ms = 1_000;
  meter.update(1_000);
  clock.ms = 10_000;
  expect(meter.rate()).toBe(100);
});

test('counts no byte before the offset of a resumed transfer into the rate', () => {
  const clock = { ms: 0 };
  const meter = meterAt(clock, 1_000_300);
  meter.restart(1_000_000);
  clock.ms = 1_000;
  meter.update(1_000_100);
  expect(meter.bytes).toBe(1_000_100);
  expect(meter.rate()).toBe(100);
  expect(meter.remaining()).toBe(2);
});
