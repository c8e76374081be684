import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runInband } from '../support/programs/inband.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** As they are written there, with what follows them: `-o, --output <path>`. */
async function flagsOfHelp(command: string): Promise<string[]> {
  const running = runInband([command, '--help'], { home: ROOT });
  await running.exited;
  const rows = running.stdout().matchAll(/^ {2}((?:-\w, )?--[a-z-]+(?: <[^>]+>)?)/gm);
  return [...rows].map(([, flag]) => flag as string);
}

/** Those of the tables below the heading that starts so. */
async function flagsOfUsage(heading: string): Promise<string[]> {
  const usage = await readFile(`${ROOT}docs/usage.md`, 'utf8');
  const [, section = ''] = usage.split(`\n${heading}`);
  const [tables = ''] = section.split(/\n##+ /);
  return [...tables.matchAll(/^\| `(-[^`]+)`/gm)].map(([, flag]) => flag as string);
}

describe('docs/usage.md has the flags, and no others, of', () => {
  test.each([['send'], ['receive'], ['upload'], ['publish'], ['fetch'], ['config']])(
    '%s',
    async (command) => {
      const ofAll = [
        ...(await flagsOfUsage('## The account')),
        ...(await flagsOfUsage('## What is printed')),
      ];
      const own = await flagsOfUsage(`## \`inband ${command} `);
      expect([...own, ...ofAll].sort()).toEqual((await flagsOfHelp(command)).sort());
    },
  );
});
