import type * as fs from 'node:fs/promises';

/** The operations of `node:fs/promises` that an inbox needs, so that a test can let each of them fail. */
export type Files = Pick<
  typeof fs,
  | 'link'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'readdir'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'stat'
  | 'statfs'
  | 'writeFile'
>;

/** Resolves to `undefined` where the operation fails with one of the codes. */
export async function unless<T>(codes: string[], operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return undefined;
  }
}
