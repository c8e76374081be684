// What a program gives may be of a class, or made by Object.create: a copy by spread, or the rest of a destructuring,
// loses what is inherited, and an `admit` or a `seal` among it without a word.

/** What every object inherits says nothing. */
const OF_ALL: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** A copy of all that can be read by name: getters as their values, methods bound to what was given. */
export function withInherited<Given extends object>(given: Given): Given {
  const names = new Set(Object.getOwnPropertyNames(given));
  for (const from of levelsOf(given)) {
    for (const name of Object.getOwnPropertyNames(from)) if (!OF_ALL.has(name)) names.add(name);
  }
  return named(given, names) as Given;
}

/**
 * The names of what is given, inherited or not, where it is not `undefined`. The methods of a class are nothing that is
 * given, nor is what every object inherits: neither is enumerable.
 */
export function givenNames(given: object): string[] {
  const isGiven = new Map<string, boolean>();
  for (const from of levelsOf(given)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      const isNone = typeof property.value === 'function' || OF_ALL.has(name);
      if (!isGiven.has(name)) isGiven.set(name, property.enumerable === true || !isNone);
    }
  }
  const names = [...isGiven.keys()].filter((name) => isGiven.get(name));
  return names.filter((name) => Reflect.get(given, name) !== undefined);
}

/** It, and what it inherits from. */
function* levelsOf(given: object): Generator<object, void> {
  for (let from = given; from && from !== Object.prototype; from = Object.getPrototypeOf(from))
    yield from;
}

/** A copy of what has these names, inherited or not. */
export function named(given: object, names: Iterable<string>): Record<string, unknown> {
  return Object.fromEntries([...names].map((name) => [name, read(given, name)]));
}

function read(given: object, name: string): unknown {
  const value: unknown = Reflect.get(given, name);
  return typeof value === 'function' ? value.bind(given) : value;
}
