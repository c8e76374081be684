// The lines of one account in the text of the settings. What is not understood for sure is left alone.
import { isDeepStrictEqual } from 'node:util';
import { formatToml, parseToml, type Table } from '../settings/toml.js';

/** The keys of an account, as the settings have them; `undefined`: without that one. */
export type AccountKeys = Readonly<Record<string, string | boolean | undefined>>;

export interface Change {
  /** By which the settings know the account. */
  name: string;
  /** `undefined`: the account goes. */
  keys: AccountKeys | undefined;
  /** The default account becomes this one; `null`: none is left. Default: it stays as it is. */
  isDefault?: true | null | undefined;
}

/**
 * The text with this change, all other lines as they were. `undefined`: it cannot be said for sure that the text would
 * mean that and nothing else, as where the account is not written as a table of its own.
 */
export async function changed(text: string, change: Change): Promise<string | undefined> {
  const lines = text.split(/(?<=\n)/);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const asLines = async (table: Table) =>
    (await formatToml(table))
      .split('\n')
      .filter(Boolean)
      .map((line) => line + eol);
  const edited = await edit(lines, change, asLines);
  if (change.isDefault === true) {
    edited.unshift(...(await asLines({ account: change.name })), ...(text === '' ? [eol] : []));
  }
  if (change.isDefault === null) dropDefault(edited);
  const result = edited.join('');
  return (await isMeant(text, result, change)) ? result : undefined;
}

/** The lines that the account would have, for a person to copy. */
export const accountLines = ({ name, keys = {}, isDefault }: Change): Promise<string> =>
  formatToml({ ...(isDefault ? { account: name } : {}), accounts: { [name]: given(keys) } });

async function edit(
  lines: readonly string[],
  { name, keys }: Change,
  asLines: (table: Table) => Promise<string[]>,
): Promise<string[]> {
  const start = lines.findIndex((line) => isHeaderOf(name, line));
  if (start < 0)
    return keys
      ? appended(lines, await asLines({ accounts: { [name]: given(keys) } }))
      : [...lines];
  const length = lines.slice(start + 1).findIndex((line) => /^\s*\[/.test(line));
  const next = length < 0 ? lines.length : start + 1 + length;
  const [before, own, after] = [lines.slice(0, start), lines.slice(start, next), lines.slice(next)];
  if (!keys) return joined(before, [...own.slice(lastKey(own) + 1), ...after]);
  const [header = '', ...others] = own;
  const kept = others.filter((line) => !Object.hasOwn(keys, keyIn(line) ?? ''));
  const written = (await asLines(given(keys))).map((line) => withComment(line, others));
  return [...before, ended(header), ...written, ...kept, ...after];
}

/** A line with the comment that stood behind the key before. */
function withComment(line: string, others: readonly string[]): string {
  const before = others.find((other) => keyIn(other) === keyIn(line)) ?? '';
  const [, comment = ''] = COMMENTED.exec(before.trimEnd()) ?? [];
  return line.replace(/(?=\r?\n$)/, () => comment);
}

/** A value in quotes, or one word, and behind it a comment. */
const COMMENTED = /^[^=]*=\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|\w+)(\s*#.*)$/;

/** A table of its own in the end, with an empty line before it. */
function appended(lines: readonly string[], table: readonly string[]): string[] {
  const last = lines.at(-1) ?? '';
  if (lines.join('').trim() === '') return [...lines, ...table];
  const eol = table[0]?.endsWith('\r\n') ? '\r\n' : '\n';
  return [...lines.slice(0, -1), ...(last === '' ? [] : [ended(last, eol)]), eol, ...table];
}

/** The empty line that stood between what is left and the end goes as well. */
function joined(before: readonly string[], rest: readonly string[]): string[] {
  const isEmpty = rest.length === 0 && before.at(-1)?.trim() === '';
  return [...(isEmpty ? before.slice(0, -1) : before), ...rest];
}

const ended = (line: string, eol = '\n'): string => (line.endsWith('\n') ? line : line + eol);

/** What stands behind the last key may belong to what follows. */
const lastKey = (own: readonly string[]): number =>
  Math.max(
    0,
    own.findLastIndex((line) => keyIn(line) !== undefined),
  );

function dropDefault(lines: string[]): void {
  const at = lines.findIndex((line) => keyIn(line) === 'account');
  if (at >= 0) lines.splice(at, 1);
}

const keyIn = (line: string): string | undefined => /^\s*([\w-]+)\s*=/.exec(line)?.[1];

function isHeaderOf(name: string, line: string): boolean {
  const [, bare, quoted] =
    /^\s*\[\s*accounts\s*\.\s*(?:([\w-]+)|["']([^"'\\]*)["'])\s*\]/.exec(line) ?? [];
  return (bare ?? quoted) === name;
}

const given = (keys: AccountKeys): Table =>
  Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));

/** Whether one text means what the other does, but for the change. */
async function isMeant(before: string, after: string, change: Change): Promise<boolean> {
  try {
    const [wanted, found] = [await parseToml(before, ''), await parseToml(after, '')];
    await apply(wanted, change);
    return isDeepStrictEqual(wanted, found);
  } catch {
    return false; // what is no TOML any more is not meant
  }
}

async function apply(table: Table, { name, keys, isDefault }: Change): Promise<void> {
  const empty = () => parseToml('', '');
  const accounts = (table.accounts ?? (await empty())) as Table;
  const account = (accounts[name] ?? (await empty())) as Table;
  for (const [key, value] of Object.entries(keys ?? {})) {
    if (value === undefined) delete account[key];
    else account[key] = value;
  }
  if (keys) accounts[name] = account;
  else delete accounts[name];
  if (Object.keys(accounts).length > 0) table.accounts = accounts;
  else delete table.accounts;
  if (isDefault === true) table.account = name;
  if (isDefault === null) delete table.account;
}
