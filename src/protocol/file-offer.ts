import { inspect } from 'node:util';

/** What a sender says of a file before its bytes. All of it is a peer's word. */
export interface FileOffer {
  /** As offered: not yet fit for a path or a terminal. */
  name: string;
  /** Bytes. */
  size?: number | undefined;
  /** When it was last changed. */
  date?: Date | undefined;
  /** Such as `image/png`. */
  mediaType?: string | undefined;
  /** In words for people. */
  description?: string | undefined;
  /** Digests by the XEP-0300 name of their algorithm. */
  hashes?: ReadonlyMap<string, Buffer> | undefined;
  /**
   * The sender knows what it means if the recipient answers that the file is there from an earlier transfer; `again`: it
   * is to be sent all the same.
   */
  alreadyThere?: { again: boolean } | undefined;
  /**
   * The names of the folders that the file is sent with, from the top, and its own last; absent where it is sent
   * alone. No name is empty, `.` or `..`; none is fit for a path yet.
   */
  path?: readonly string[] | undefined;
  /** It is no file, but a folder with nothing in it; its size is 0. */
  isFolder?: true | undefined;
  /** It is a program, for whoever has it. */
  isExecutable?: true | undefined;
}

/** What a file is called, with the folders that it is in, and a slash behind what is a folder. */
export const nameOf = ({ name, path, isFolder }: FileOffer): string =>
  path ? `${path.join('/')}${isFolder ? '/' : ''}` : name;

/** No file system has paths so deep or long in use; far less than 4096 bytes, which systems take. */
export const MAX_COMPONENTS = 64;
export const MAX_PATH_BYTES = 2048;
/** As of each name that a peer gives. */
const MAX_COMPONENT_BYTES = 1024;

/** Whether a path is one that a peer takes. */
export function isOfferedPath(components: readonly string[]): boolean {
  if (components.length === 0 || components.length > MAX_COMPONENTS) return false;
  return Buffer.byteLength(components.join('/')) <= MAX_PATH_BYTES && components.every(isComponent);
}

/** A name in a folder: neither that folder, nor the one above it. */
const isComponent = (name: string): boolean =>
  !['', '.', '..'].includes(name) &&
  !/[/\0]/.test(name) &&
  Buffer.byteLength(name) <= MAX_COMPONENT_BYTES;

/** XEP-0082 needs some 30 letters. */
const MAX_DATE_LENGTH = 64;

/** XEP-0082 §3.2 */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/;

/** A date only helps: one that cannot be read, or is of no calendar, is as good as none. */
export function readDate(text = ''): Date | undefined {
  const [, day] = (text.length <= MAX_DATE_LENGTH && DATE_TIME.exec(text.trim())) || [];
  return day && isDay(day) ? knownDate(new Date(text.trim())) : undefined;
}

/** `Date` takes February 30 for March 1. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return date.getUTCDate() === Number(day.slice(-2));
}

/** XEP-0082 has four digits for the year. */
const FIRST_DATE_MS = Date.parse('0001-01-01T00:00:00Z');
const END_OF_DATES_MS = Date.parse('+010000-01-01T00:00:00Z');

/** A date of any origin, where it can be told: disks and peers know of years that no calendar has. */
export function knownDate(date: Date | undefined): Date | undefined {
  const time = date?.getTime() ?? Number.NaN;
  return time >= FIRST_DATE_MS && time < END_OF_DATES_MS ? date : undefined;
}

/** Throws RangeError for a byte that its sender cannot start at: 0 alone, unless the offer is `ranged`. */
export function checkOffset(
  offset: unknown,
  { size = Number.MAX_SAFE_INTEGER }: Pick<FileOffer, 'size'>,
  ranged: boolean,
): void {
  const largest = ranged ? size : 0;
  if (Number.isInteger(offset) && Number(offset) >= 0 && Number(offset) <= largest) return;
  throw new RangeError(`the sender cannot start at ${inspect(offset, { depth: 0 })}`);
}

/** A part of a file, in bytes. */
export interface FileRange {
  /** The first byte, counted from 0. */
  offset: number;
  /** Absent: to the end. */
  length?: number | undefined;
}
