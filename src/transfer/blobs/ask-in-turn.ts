import { BlobMismatch } from '../../protocol/bob/blob-store.js';
import { Turn } from '../attempts/turn.js';
import type { Report } from '../events.js';
import { isBusy } from '../recipient-errors.js';

/** How long somebody busy is asked again: a page full of images needs its turn, too. */
const PATIENCE_MS = 300_000;

interface Asking<T> {
  ask: (peer: string) => Promise<T>;
  report: Report;
  signal: AbortSignal;
}

/** The first answer. If all others have failed, those who were busy are asked again. Rejects as `firstOf` does. */
export async function askInTurn<T>(
  peers: AsyncIterable<string>,
  { ask, report, signal }: Asking<T>,
): Promise<T> {
  const turn = new Turn(PATIENCE_MS, report);
  let candidates: AsyncIterable<string> | string[] = peers;
  for (;;) {
    const busy: string[] = [];
    const askNoting = (peer: string) =>
      ask(peer).catch((error: Error) => {
        if (isBusy(error)) busy.push(peer);
        throw error;
      });
    try {
      return await firstOf(candidates, { ask: askNoting, report, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (busy.length === 0) throw error;
      await turn.wait(busy, error as Error, signal);
      candidates = busy;
    }
  }
}

/**
 * Rejects with the error of a peer that sent something else, if there was one, or that of the last. The errors of those
 * before the one that answers are told.
 */
async function firstOf<T>(
  peers: AsyncIterable<string> | Iterable<string>,
  { ask, report, signal }: Asking<T>,
): Promise<T> {
  let worst: Error | undefined;
  const failed: string[] = [];
  for await (const peer of peers) {
    try {
      const answer = await ask(peer);
      for (const text of failed) report({ event: 'notice', text });
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      const { message: text } = error as Error;
      report({ event: 'note', text });
      failed.push(text);
      if (!(worst instanceof BlobMismatch)) worst = error as Error;
    }
  }
  throw worst;
}
