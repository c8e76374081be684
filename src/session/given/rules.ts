/** What an option must be, in words, and whether it is. */
export type Rule = [wanted: string, isMet: (value: unknown) => boolean];

/**
 * Throws RangeError for what is not as its rule wants it; `undefined` counts as absent. `shown`: what of it is told, by
 * default nothing that may be secret.
 */
export function checkOptions(
  rules: Readonly<Record<string, Rule>>,
  options: object,
  shown: (value: unknown) => string = kindOf,
): void {
  for (const [name, [wanted, isMet]] of Object.entries(rules)) {
    const value: unknown = Reflect.get(options, name);
    if (value === undefined || isMet(value)) continue;
    throw new RangeError(`${name} is to be ${wanted}, not ${shown(value)}`);
  }
}

/** Without what may be secret. */
function kindOf(value: unknown): string {
  if (value === null || ['undefined', 'boolean', 'number'].includes(typeof value))
    return `${value}`;
  return `of type ${typeof value}`;
}
