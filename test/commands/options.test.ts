import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import type { Context } from '../../src/commands/context.js';
import { integer, positiveNumber } from '../../src/commands/options.js';
import { createProgram } from '../../src/commands/program.js';

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];

test('no flag takes an empty path, on the command line or in the settings file (R774)', () => {
  const options = all(createProgram({ env: {} } as Context, '0')).flatMap(
    (command) => command.options,
  );
  const paths = options.filter(({ flags }) => /<(path|pem|program|file|folder)>/.test(flags));
  const names = new Set(paths.map(({ long }) => long));
  expect([...names].sort()).toEqual(['--dir', '--exec', '--output', '--password-file', '--tls-ca']);
  for (const { parseArg } of paths) {
    expect(() => parseArg?.('', undefined)).toThrow('It is a path.');
    expect(parseArg?.('a', undefined)).toBe('a');
  }
});

test('a number that is none, or not within its limits, is told of with these', () => {
  expect(() => positiveNumber('0')).toThrow('It is a number above 0.');
  expect(() => integer(1, 5)('6')).toThrow('It is a whole number, 1 to 5.');
  expect(() => integer(1)('x')).toThrow('It is a whole number, 1 or more.');
});
