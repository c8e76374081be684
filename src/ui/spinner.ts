import type { Ora } from 'ora';
import { display } from './display.js';
import type { Output } from './report.js';

/** Turns on a terminal while the user waits for something. */
export class Spinner {
  #ora: Ora | undefined;

  constructor(private readonly output: Output) {}

  /**
   * Turns until the promise settles or `stop` is called, unless `isWanted` says no by the time it is ready. Resolves
   * when it turns, or is not to.
   */
  during(text: string, until: Promise<unknown>, isWanted: () => boolean): Promise<void> {
    let isOver = false;
    const end = (): void => {
      isOver = true;
      this.stop();
    };
    until.then(end, end);
    return this.#start(text, () => !isOver && isWanted());
  }

  /** Loading the library takes 40 ms, in which bars may come. */
  async #start(text: string, isWanted: () => boolean): Promise<void> {
    const { default: ora } = await import('ora');
    this.stop();
    if (!isWanted()) return;
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
