/** What is known of keys cannot be used, or cannot be added to. It is never taken for nothing being known. */
export class KeysUnusable extends Error {
  override readonly name = 'KeysUnusable';
}
