/** What an option must be, in words, and whether it is. */
export type Rule = [wanted: string, isMet: (value: unknown) => boolean];

/** A time to wait; an infinite one has no end. */
export const DURATION: Rule = [
  'more than 0 milliseconds',
  (value) => typeof value === 'number' && value > 0,
];

/** How options are checked, and told of. */
interface Checking {
  /** Names of what must be there. Default: none; `undefined` counts as absent. */
  needed?: readonly string[];
  /** The option that these are members of. */
  of?: string;
  /** Shows what else a text says, which may be secret. */
  showsTexts?: boolean;
}

/** Throws RangeError for what is not as its rule wants it. */
export function checkOptions(
  rules: Readonly<Record<string, Rule>>,
  options: object,
  { needed = [], of, showsTexts = false }: Checking = {},
): void {
  for (const [name, [wanted, isMet]] of Object.entries(rules)) {
    const value: unknown = Reflect.get(options, name);
    if (isMet(value) || (value === undefined && !needed.includes(name))) continue;
    const shown = showsTexts && typeof value === 'string' ? value : kindOf(value);
    throw new RangeError(`${of ? `${of}.` : ''}${name} is to be ${wanted}, not ${shown}`);
  }
}

/** Throws RangeError for options that are no object; `what` says what they are. */
export function checkObject(given: unknown, what = 'the options are'): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  const shown = Array.isArray(given) ? 'an array' : kindOf(given);
  throw new RangeError(`${what} to be an object, not ${shown}`);
}

/** Without what may be secret. */
function kindOf(value: unknown): string {
  if (value === null || ['undefined', 'boolean', 'number'].includes(typeof value))
    return `${value}`;
  return `of type ${typeof value}`;
}
