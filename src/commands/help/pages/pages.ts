import type { Command } from 'commander';

/** What is told besides the help of the commands, by the word for it, and what each page has. */
export const PAGES = {
  slow: 'why a transfer is slow, and what helps',
  settings: 'the settings file, and an example',
  'exit-codes': 'what the exit codes mean',
  events: 'what --json prints',
  bug: 'what to report, and how to take secrets out of it',
} as const;

export type PageName = keyof typeof PAGES;

/** In columns; as long as the names of the commands above are. */
const BESIDE = 20;

/** Lists the pages below the help of the program. */
export function addPages(program: Command): void {
  program.addHelpText('after', () => {
    const helper = program.createHelp();
    const helpWidth = program.configureOutput().getOutHelpWidth?.();
    helper.prepareContext(helpWidth === undefined ? {} : { helpWidth });
    const lines = Object.entries(PAGES).map(([word, what]) =>
      helper.formatItem(word, BESIDE, what, helper),
    );
    return `\nPages, by "inband help <word>":\n${lines.join('\n')}`;
  });
}
