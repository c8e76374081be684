/** What is known of keys cannot be used, or cannot be added to. It is never taken for nothing being known. */
export class KeysUnusable extends Error {
  override readonly name = 'KeysUnusable';
  /** What can be done about it, a line each. */
  readonly hints: readonly string[];
  constructor(message: string, ...hints: string[]) {
    super(message);
    this.hints = hints;
  }
}
