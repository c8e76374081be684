import { createHash } from 'node:crypto';

/** Tells values apart in a few bytes, whatever is in them: what peers call their files may be long. */
export const digestOf = (...values: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('base64');
