import type { Command } from 'commander';

const EXAMPLES = new WeakMap<Command, string[]>();

/** Shows command lines below the help of the command. */
export function addExamples(command: Command, lines: string[]): void {
  EXAMPLES.set(command, lines);
  command.addHelpText('after', ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n'));
}

export const examplesOf = (command: Command): string[] => EXAMPLES.get(command) ?? [];
