import type { Command } from 'commander';
import type { Context } from '../context.js';
import { readSettings } from '../settings/settings.js';
import { complete } from './complete.js';

/** `:files` on a line of its own lets the shell add files. */
export async function printCompletions(
  program: Command,
  words: string[],
  context: Context,
): Promise<void> {
  const settings = () => readSettings(program, context.settingsPath);
  const { candidates, files } = await complete(program, words, {
    accounts: async () => [...(await settings()).accounts.keys()],
    people: async () => [
      ...new Set([...(await settings()).names.keys(), ...(await context.contacts.list())]),
    ],
    cids: async () => (await (await context.openCache()).list()).map(({ cid }) => cid),
  });
  const lines = candidates.map(({ word, description }) =>
    description ? `${word}\t${description}` : word,
  );
  for (const line of files ? [...lines, ':files'] : lines) context.stdout.write(`${line}\n`);
}
