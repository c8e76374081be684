// The head of an answer to a GET (RFC 9110): what its body is. Keeps no state.
import type { IncomingHttpHeaders } from 'node:http';
import { UnfitAnswer } from '../network/fetch-errors.js';

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
}

/** The body of an answer. */
export interface Body {
  /** The byte of the file with which it begins. */
  start: number;
  /** Bytes; absent where they are not told, and its end is marked. */
  length: number | undefined;
}

/** Servers that cannot begin in the middle answer with all of it. Throws `UnfitAnswer`. */
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

function checkLength(start: number, length: number | undefined, { size, most }: Asked): void {
  if (length === undefined) return;
  if (size !== undefined && start + length !== size) throw anotherSize(start + length, size);
  if (start + length > most)
    throw new UnfitAnswer(`it has ${start + length} bytes, more than are taken`);
}

const anotherSize = (is: number, told: number) =>
  new UnfitAnswer(`it has ${is} bytes, and its sender told of ${told}`);

const MAX_QUOTED = 40;

const quoted = (text: string): string => text.slice(0, MAX_QUOTED);
