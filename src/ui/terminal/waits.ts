import { type Pending, pendingText } from '../pending.js';

/** One turn of what turns. */
const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];

/** What the user waits for at the moment; of several the last that began is shown. */
export class Waits {
  readonly #open = new Set<Pending>();
  readonly #onChange: () => void;
  #turns = 0;

  /** `onChange`: called when one is over. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  add(pending: Pending): void {
    this.#open.add(pending);
    const end = () => {
      this.#open.delete(pending);
      this.#onChange();
    };
    pending.until.then(end, end);
  }

  /** The line with what turns, a step further each time. */
  line(): string | undefined {
    const last = [...this.#open].at(-1);
    if (!last) return undefined;
    this.#turns += 1;
    return `${FRAMES[this.#turns % FRAMES.length]} ${pendingText(last)}`;
  }
}
