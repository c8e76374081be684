import { createInterface } from 'node:readline';
import { type Context, UsageError } from '../context.js';

/** A line from standard input, which a person is asked for. Throws `UsageError` where there is none. */
export async function askForLine(
  prompt: string,
  { stdin, stderr, signal }: Pick<Context, 'stdin' | 'stderr' | 'signal'>,
): Promise<string> {
  if (stdin.isTTY) stderr.write(prompt);
  const lines = createInterface({ input: stdin, signal });
  try {
    for await (const line of lines) return line.trim();
  } finally {
    lines.close();
    stdin.destroy(); // or the process would wait for more of it
  }
  signal.throwIfAborted();
  throw new UsageError('no key was given', 'type or paste it, or give it on standard input');
}
