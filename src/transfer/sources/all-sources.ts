import type { OpenSource, Source, SourceFolder } from './source.js';

/** One after the other, those in folders when it is their turn. */
export async function* allSources(
  sources: readonly (OpenSource | SourceFolder)[],
): AsyncGenerator<Source> {
  for (const source of sources) {
    if ('walk' in source) yield* source.walk();
    else yield source;
  }
}

interface Link<T> {
  readonly value: T;
  next(): Promise<Link<T> | undefined>;
}

/**
 * The same items for several readers, each at its own pace: what all have read is held no more, and nothing is taken
 * before one wants it.
 */
export function shared<T>(items: AsyncIterator<T>, readers: number): AsyncGenerator<T>[] {
  const following = () => {
    let next: Promise<Link<T> | undefined> | undefined;
    return () => {
      next ??= items
        .next()
        .then(({ done, value }) => (done ? undefined : { value, next: following() }));
      return next;
    };
  };
  const first = following();
  return Array.from({ length: readers }, () => reading(first));
}

async function* reading<T>(first: () => Promise<Link<T> | undefined>): AsyncGenerator<T> {
  let next = first;
  for (;;) {
    const link = await next();
    if (!link) return;
    next = link.next;
    yield link.value;
  }
}
