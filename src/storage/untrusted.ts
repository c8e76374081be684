// What is read back from the disk may have been damaged, or written by somebody else.

/** The object in a JSON text; one without anything where the text has none. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Whether this can be a number of bytes or of seconds. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** As `toISOString` writes it. */
export function parseTime(value: unknown): Date | undefined {
  const time = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(time.getTime()) || time.toISOString() !== value ? undefined : time;
}

export function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** The four bits to spare are 0, and so is the highest one of the key: see docs/seal.md. */
const KEY = /^[a-z2-7]{49}[abefijmnqruvyz45][a-z2-7][aq]$/;

/** Whether it is a public key, as people see it. */
export const isKey = (value: unknown): value is string => matches(value, KEY);

/** No component leads out of the inbox, or is hidden. */
const PATH = /^[^./\\\0][^/\\\0]{0,254}(?:\/[^./\\\0][^/\\\0]{0,254})*$/su;
const MAX_PATH = 16_384;

/** Whether it is the path of a file or folder below an inbox. */
export const isPath = (value: unknown): value is string =>
  matches(value, PATH) && value.length <= MAX_PATH;
