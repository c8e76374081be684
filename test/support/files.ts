import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

/** Writes random bytes to a file and returns their SHA-256. */
export async function writeRandom(path: string, size: number): Promise<string> {
  const bytes = randomBytes(size);
  await writeFile(path, bytes);
  return sha256(bytes);
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

export const hashOfFile = async (path: string): Promise<string> => sha256(await readFile(path));
