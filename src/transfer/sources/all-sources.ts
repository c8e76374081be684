import { orAborted } from '../../session/aborted.js';
import type { OpenSource, Outline, Source, SourceFolder } from './source.js';

/** One after the other, those in folders when it is their turn; none after the signal. */
export async function* allSources(
  sources: readonly (OpenSource | SourceFolder)[],
  signal: AbortSignal,
): AsyncGenerator<Source> {
  for (const source of sources) {
    if ('read' in source) yield source;
    else yield* until(signal, source.walk());
  }
}

/** What is known of them before anything is sent. Rejects with the signal's reason. */
export async function outlineOf(
  sources: readonly (OpenSource | SourceFolder)[],
  signal: AbortSignal,
): Promise<Outline[]> {
  const all: Outline[] = [];
  for (const source of sources) {
    if ('read' in source) all.push({ size: source.size });
    else for await (const one of until(signal, source.outline())) all.push(one);
  }
  signal.throwIfAborted();
  return all;
}

/** The same items, up to the signal: a disk may be slow, or answer no more. */
async function* until<T>(signal: AbortSignal, items: AsyncIterator<T>): AsyncGenerator<T> {
  for (;;) {
    const { done, value } = await orAborted(items.next(), signal).catch((error) => {
      if (signal.aborted) return { done: true as const, value: undefined };
      throw error;
    });
    if (done) return;
    yield value;
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
  const first = following(items);
  return Array.from({ length: readers }, () => reading(first));
}

/** Apart from `shared`, whose scope has the first link, by which all others would stay. */
function following<T>(items: AsyncIterator<T>): () => Promise<Link<T> | undefined> {
  let next: Promise<Link<T> | undefined> | undefined;
  return () => {
    next ??= items
      .next()
      .then(({ done, value }) => (done ? undefined : { value, next: following(items) }));
    return next;
  };
}

async function* reading<T>(next: () => Promise<Link<T> | undefined>): AsyncGenerator<T> {
  for (;;) {
    const link = await next();
    if (!link) return;
    // The first one would keep all that follow.
    next = link.next;
    yield link.value;
  }
}
