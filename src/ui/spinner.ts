import type { Ora } from 'ora';
import { display } from './display.js';
import type { Output } from './report.js';

/** Turns on a terminal while the user waits for something. */
export class Spinner {
  #ora: Ora | undefined;

  constructor(private readonly output: Output) {}

  /** Starts, unless `wanted` says no once the library is there: loading it takes 40 ms, in which bars may come. */
  async start(text: string, wanted: () => boolean): Promise<void> {
    const { default: ora } = await import('ora');
    this.stop();
    if (!wanted()) return;
    this.#ora = ora({
      text: display(text),
      stream: this.output,
      color: false,
      isEnabled: true, // the mode was chosen; ora would look at the environment again
      discardStdin: false, // stdin may be the file to send, and Ctrl+C must stay a signal
    }).start();
  }

  stop(): void {
    this.#ora?.stop();
    this.#ora = undefined;
  }
}
