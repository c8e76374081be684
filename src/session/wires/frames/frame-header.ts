/** RFC 6455 §5.2; the rest of the sixteen mean nothing. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const KNOWN = new Set<number>(Object.values(Opcode));

/** §5.5: those of them that say something of the connection. */
export const isControl = (opcode: number): boolean => opcode >= Opcode.close;

const IS_FINAL = 0x80;
const RESERVED = 0x70;
const OPCODE = 0x0f;
const IS_MASKED = 0x80;
const LENGTH = 0x7f;

/** In the place of a length: it stands in the next two bytes, or in the next eight. */
export const LENGTH_IN_2 = 126;
export const LENGTH_IN_8 = 127;
/** The least lengths that need two bytes, and eight. */
export const LEAST_IN_2 = 126;
export const LEAST_IN_8 = 65_536;
/** §5.5. */
const MAX_CONTROL = 125;

/** Bytes of the header of a server's frame, at most. */
export const MAX_HEADER_BYTES = 10;

/** What stands before the payload of a server's frame. */
export interface FrameHeader {
  opcode: number;
  /** Whether the message is over with it. */
  isFinal: boolean;
  /** Bytes of the payload. */
  length: number;
}

/** The server does what a WebSocket has not. */
export const broken = (why: string): Error =>
  new Error(`the server broke the rules of WebSocket: ${why}`);

/** Bytes of the header that begins with these two. Throws where they cannot begin one. */
export function headerBytes(first: number, second: number): number {
  const opcode = first & OPCODE;
  if (first & RESERVED) throw broken('an extension that nobody asked for');
  if (!KNOWN.has(opcode)) throw broken(`a frame of no known kind (${opcode})`);
  if (second & IS_MASKED) throw broken('a masked frame');
  const length = second & LENGTH;
  if (isControl(opcode)) {
    if (!(first & IS_FINAL)) throw broken('a control frame in parts');
    if (length > MAX_CONTROL) throw broken('a control frame of more than 125 bytes');
  }
  if (length === LENGTH_IN_2) return 4;
  return length === LENGTH_IN_8 ? MAX_HEADER_BYTES : 2;
}

/** Reads a header that is whole. Throws where the length is none. */
export function readHeader(header: Buffer): FrameHeader {
  const [first = 0, second = 0] = header;
  const length = readLength(second & LENGTH, header);
  return { opcode: first & OPCODE, isFinal: (first & IS_FINAL) !== 0, length };
}

function readLength(short: number, header: Buffer): number {
  if (short < LENGTH_IN_2) return short;
  const isLong = short === LENGTH_IN_8;
  const length = isLong ? Number(header.readBigUInt64BE(2)) : header.readUInt16BE(2);
  if (length < (isLong ? LEAST_IN_8 : LEAST_IN_2)) throw broken('a length in too many bytes');
  if (!Number.isSafeInteger(length)) throw broken('a length beyond all bounds');
  return length;
}
