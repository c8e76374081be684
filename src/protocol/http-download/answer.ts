// The head of an answer to a GET (RFC 9110): what its body is. Keeps no state.
import type { IncomingHttpHeaders } from 'node:http';
import { OtherFile, UnfitAnswer } from '../network/fetch-errors.js';

interface Head {
  statusCode?: number | undefined;
  headers: IncomingHttpHeaders;
}

interface Asked {
  /** The byte of the file from which on it was asked for. */
  offset: number;
  /** Bytes of the whole file, where they are known. */
  size: number | undefined;
  /** Bytes of the largest file. */
  most: number;
  /** Why it is not taken, that has so many bytes; or more than that largest one, where its length is not told. */
  tooLarge(bytes?: number): Error;
}

/** The body of an answer. */
export interface Body {
  /** The byte of the file with which it begins. */
  start: number;
  /** Bytes; absent where they are not told, and its end is marked. */
  length: number | undefined;
}

/** Servers that cannot begin in the middle answer with all of it. Throws `UnfitAnswer`, `OtherFile`, and what `tooLarge` gives. */
export function readBody({ statusCode, headers }: Head, asked: Asked): Body {
  checkCoding(headers['content-encoding'], 'identity');
  checkCoding(headers['transfer-encoding'], 'chunked');
  const start = statusCode === 206 ? startOf(headers['content-range'], asked) : 0;
  const length = lengthOf(headers);
  checkLength(start, length, asked);
  return { start, length };
}

/** What else was done to it would have to be undone. `plain`: the one that may be named. */
function checkCoding(coding: string | undefined, plain: string): void {
  if (coding === undefined || coding.toLowerCase() === plain) return;
  throw new UnfitAnswer(`it is encoded (${quoted(coding)})`);
}

/** RFC 9110 §14.4. Some servers are off by one in the last byte, which the length and the size tell as well. */
const CONTENT_RANGE = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/i;

function startOf(range = '', { offset, size }: Asked): number {
  const [, first, all] = CONTENT_RANGE.exec(range) ?? [];
  if (offset === 0 || Number(first) !== offset) {
    throw new UnfitAnswer('it is another part of the file than was asked for');
  }
  if (all !== '*' && size !== undefined && Number(all) !== size)
    throw anotherSize(Number(all), size);
  return offset;
}

/** RFC 9112 §6.3: where nothing marks the end, a connection that was cut looks like one that was closed. */
function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length'];
  if (length !== undefined && /^\d{1,15}$/.test(length)) return Number(length);
  if (headers['transfer-encoding'] !== undefined) return undefined;
  throw new UnfitAnswer('nothing tells where it ends');
}

function checkLength(start: number, length: number | undefined, asked: Asked): void {
  if (length === undefined) return;
  const bytes = start + length;
  if (asked.size !== undefined && bytes !== asked.size) throw anotherSize(bytes, asked.size);
  if (bytes > asked.most) throw asked.tooLarge(bytes);
}

const anotherSize = (is: number, told: number) =>
  new OtherFile(`it has ${is} bytes, and its sender told of ${told}`);

/** What is wrong behind so many bytes of the file: there are more than may be, or, with the end of the body, too few. */
export function whyNotWhole(
  bytes: number,
  isEnd: boolean,
  { size, most, tooLarge }: Pick<Asked, 'size' | 'most' | 'tooLarge'>,
): Error | undefined {
  if (size === undefined) return bytes > most ? tooLarge() : undefined;
  if (bytes > size)
    return new OtherFile(`it has more than the ${size} bytes that its sender told of`);
  return isEnd && bytes < size ? anotherSize(bytes, size) : undefined;
}

/** RFC 9110 §15.5.17: the file ends before the byte from which on it was asked for. */
const RANGE_NOT_SATISFIABLE = 416;

/** Throws `OtherFile` where a server has less of it than is here already. */
export function checkRange(status: number, { offset }: Pick<Asked, 'offset'>): void {
  if (offset === 0 || status !== RANGE_NOT_SATISFIABLE) return;
  throw new OtherFile(`it ends before byte ${offset}, up to which it is here already`);
}

const MAX_QUOTED = 40;

const quoted = (text: string): string => text.slice(0, MAX_QUOTED);
