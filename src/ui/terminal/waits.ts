import { type Pending, pendingText } from '../pending.js';
import type { Line } from './foot.js';
import { cut } from './width.js';

/** What is sooner over needs no line, which would only flicker. */
const PATIENCE_MS = 500;

/** What the user waits for at the moment. */
export class Waits {
  readonly #lines = new Set<Line>();

  /** `now` in milliseconds. */
  constructor(
    private readonly now: () => number,
    private readonly onChange: () => void,
  ) {}

  add(pending: Pending): void {
    const since = this.now();
    const line: Line = (columns) => cut(pendingText(pending, this.now() - since), columns);
    const show = () => {
      this.#lines.add(line);
      this.onChange();
    };
    const timer = setTimeout(show, PATIENCE_MS).unref();
    const end = () => {
      clearTimeout(timer);
      if (this.#lines.delete(line)) this.onChange();
    };
    pending.until.then(end, end);
  }

  /** The last that began. */
  due(): Line | undefined {
    return [...this.#lines].at(-1);
  }
}
