import type { Event } from '../transfer/events.js';
import { formatBytes } from '../units.js';
import { count, was } from './counts.js';

/** Counts the files that have come in. */
export class Arrived {
  #files = 0;
  #bytes = 0;
  #there = 0;

  track(event: Event): void {
    if (event.event === 'already-there' && event.incoming) this.#there += 1;
    if (event.event !== 'done' || event.path === undefined) return;
    this.#files += 1;
    this.#bytes += event.size;
  }

  /** All of them together, once; nothing of a single one, which had its line. */
  summary(): string | undefined {
    const [files, there] = [this.#files, this.#there];
    const received = `received ${count(files)}, ${formatBytes(this.#bytes)}`;
    [this.#files, this.#there, this.#bytes] = [0, 0, 0];
    if (files + there < 2) return undefined;
    const parts = [
      ...(files > 0 ? [received] : []),
      ...(there > 0 ? [`${count(there)} ${was(there)} already there`] : []),
    ];
    return parts.join('; ');
  }
}
