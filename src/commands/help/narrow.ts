import type { Help } from 'commander';

/** Columns. A line of less is hard to read beside something. */
const LEAST_BESIDE = 30;
const LEAST_TO_WRAP = 10;
const INDENT = ' '.repeat(6);
const DEFAULT_COLUMNS = 80;

/** What the library would print as one line on a narrow terminal stands below its term there, and is wrapped. */
export function fitNarrow(library: Pick<Help, 'formatItem'>): Partial<Help> {
  return {
    minWidthToWrap: LEAST_TO_WRAP,
    formatItem(term, termWidth, description, helper) {
      const columns = helper.helpWidth ?? DEFAULT_COLUMNS;
      if (!description || columns - termWidth - 4 >= LEAST_BESIDE) {
        return library.formatItem.call(helper, term, termWidth, description, helper);
      }
      return `  ${term}\n${INDENT}${wrapped(helper, description, columns, INDENT)}`;
    },
  };
}

/** A text in lines that fit behind `indent`, which all but the first begin with. */
export const wrapped = (
  helper: Help,
  text: string,
  columns: number | undefined,
  indent: string,
): string =>
  helper.boxWrap(text, (columns ?? DEFAULT_COLUMNS) - indent.length).replace(/\n/g, `\n${indent}`);
