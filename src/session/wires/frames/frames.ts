import { randomBytes } from 'node:crypto';
import { LEAST_IN_2, LEAST_IN_8, LENGTH_IN_2, LENGTH_IN_8, Opcode } from './frame-header.js';

const IS_FINAL = 0x80;
const IS_MASKED = 0x80;
const KEY_BYTES = 4;

/** What stands before the payload of a client's frame, at most (RFC 6455 §5.2). */
export const MAX_CLIENT_HEADER_BYTES = 14;

/** Messages, one behind the other, each in a frame that is masked by a new key (§5.3). */
export function messages(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const bytes = lengths.reduce((sum, length) => sum + headerLength(length) + length, 0);
  const keys = randomBytes(KEY_BYTES * texts.length);
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const [index, text] of texts.entries()) {
    const length = lengths[index] as number;
    const key = keys.subarray(KEY_BYTES * index, KEY_BYTES * (index + 1));
    at = writeHeader(all, at, Opcode.text, length, key);
    // Characters of one byte each are ASCII, and need no second look at each of them.
    all.write(text, at, length === text.length ? 'latin1' : 'utf8');
    mask(all, at, length, key);
    at += length;
  }
  return all;
}

/** A control frame (§5.5); the payload has 125 bytes at most. */
export function controlFrame(opcode: number, payload: Buffer): Buffer {
  const key = randomBytes(KEY_BYTES);
  const frame = Buffer.allocUnsafe(headerLength(payload.length) + payload.length);
  const at = writeHeader(frame, 0, opcode, payload.length, key);
  payload.copy(frame, at);
  mask(frame, at, payload.length, key);
  return frame;
}

function headerLength(length: number): number {
  const short = 2 + KEY_BYTES;
  if (length < LEAST_IN_2) return short;
  return length < LEAST_IN_8 ? short + 2 : short + 8;
}

/** Returns the position behind it. */
function writeHeader(
  frame: Buffer,
  from: number,
  opcode: number,
  length: number,
  key: Buffer,
): number {
  frame[from] = IS_FINAL | opcode;
  let at = from + 2;
  let short = length;
  if (length >= LEAST_IN_8) {
    short = LENGTH_IN_8;
    at = frame.writeBigUInt64BE(BigInt(length), at);
  } else if (length >= LEAST_IN_2) {
    short = LENGTH_IN_2;
    at = frame.writeUInt16BE(length, at);
  }
  frame[from + 1] = IS_MASKED | short;
  return at + key.copy(frame, at);
}

function mask(frame: Buffer, from: number, length: number, key: Buffer): void {
  for (let index = 0; index < length; index += 1) {
    (frame[from + index] as number) ^= key[index & 3] as number;
  }
}
