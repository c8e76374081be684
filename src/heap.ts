import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Size of the young generation: twice 4 MiB, for V8 copies from one half to the other. */
const ENOUGH_BYTES = 8 * 1024 * 1024;

/** How much garbage may come to what is in use before it is collected. V8 would let there be three times as much. */
const GROWTH_PERCENT = 20;

/**
 * Keeps V8's heap small while a large file passes through. The young generation grows to 8 MiB and no further: it would
 * go on to 32 MiB and do little less work for it. The only settings for this that V8 takes while it runs are those of
 * growth.
 */
export function limitHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  const observer = new PerformanceObserver(() => {
    const spaces = getHeapSpaceStatistics();
    const young = spaces.find(({ space_name }) => space_name === 'new_space');
    if (young && young.space_size < ENOUGH_BYTES) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
