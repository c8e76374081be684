import type { Readable } from 'node:stream';
import { type Context, UsageError } from '../context.js';
import { askLine, openKeyboard } from './prompt.js';

const NOT_GIVEN = ['nothing was answered', 'run the command again'] as const;

/** Throws `UsageError` where nobody can be asked: `instead` says what to do then. */
export function requireKeyboard(context: Context, what: string, instead: string): Readable {
  const keyboard = openKeyboard(context);
  if (keyboard) return keyboard;
  throw new UsageError(`${what}, and there is no terminal for it`, instead);
}

/** The line that is typed. Throws `UsageError` where none is. */
export async function ask(prompt: string, context: Context): Promise<string> {
  const keyboard = openKeyboard(context);
  if (!keyboard) throw new UsageError(...NOT_GIVEN);
  return askLine(prompt, keyboard, context, NOT_GIVEN);
}

/** Has one of several chosen by its number; Enter takes the first. */
export async function choose<Choice extends { place: string; remark: string }>(
  question: string,
  choices: readonly Choice[],
  context: Context,
): Promise<Choice> {
  const lines = choices.map(({ place, remark }, index) => `  ${index + 1}  ${place}; ${remark}\n`);
  context.stderr.write(`${question}\n${lines.join('')}`);
  for (;;) {
    const typed = await ask('Number (Enter: 1): ', context);
    const chosen = choices[typed === '' ? 0 : Number(typed) - 1];
    if (chosen) return chosen;
  }
}

/** Nothing but a yes is one. */
export async function confirm(
  question: string,
  keyboard: Readable,
  context: Context,
): Promise<boolean> {
  const answer = await askLine(`${question} [y/N] `, keyboard, context, NOT_GIVEN);
  return /^y(es)?$/i.test(answer);
}
