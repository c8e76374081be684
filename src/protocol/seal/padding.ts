// Texts inside the seal are made longer, so that their length tells little of what they say.
import { SealBroken } from './seal-broken.js';

/** A padded text has a multiple of so many bytes. */
const STEP = 256;
const SPACE = 0x20;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is said of a file is more than fits into the seal. */
export class TooLongToSeal extends Error {
  override readonly name = 'TooLongToSeal';
  constructor(bytes: number, most: number) {
    super(
      `name and description of the file take ${bytes} bytes, and at most ${most} can be encrypted`,
    );
  }
}

/** In UTF-8, with spaces behind it. Throws `TooLongToSeal` when it needs more than `most` bytes. */
export function pad(text: string, most: number): Buffer {
  const bytes = Buffer.from(text);
  const length = Math.max(Math.ceil(bytes.length / STEP), 1) * STEP;
  if (length > most) throw new TooLongToSeal(bytes.length, most);
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length, SPACE)]);
}

/** The text without the spaces behind it. Throws `SealBroken`. */
export function unpad(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length % STEP !== 0) throw new SealBroken();
  const end = bytes.findLastIndex((byte) => byte !== SPACE) + 1;
  try {
    return UTF_8.decode(bytes.subarray(0, end));
  } catch (error) {
    throw new SealBroken({ cause: error });
  }
}
