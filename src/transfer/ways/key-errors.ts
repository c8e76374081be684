/** The key is not one that is known to be theirs. */
export class KeyNotTrusted extends Error {
  override readonly name = 'KeyNotTrusted';
}

/** It cannot be sealed where that is wanted, or where it was possible before: it is neither sent nor taken otherwise. */
export class NotSealed extends Error {
  override readonly name = 'NotSealed';
}
