// The reference of docs/library.md: what the library exports, by its docstrings.
import { type Declaration, type Declared, libraryDeclarations } from './declarations.js';

let known: readonly Declaration[] = [];

/** What is exported from these modules and folders of src/, as Markdown. */
export function libraryPart(paths: string[]): string {
  if (known.length === 0) known = libraryDeclarations();
  const found = paths.map((path) => known.filter(({ module }) => isIn(module, path)));
  const missing = paths.filter((_, index) => found[index]?.length === 0);
  if (missing.length > 0) throw new Error(`nothing is exported from ${missing.join(', ')}`);
  const all = found.flat().map((one, index) => ({ one, index, rank: rankOf(one) }));
  const sorted = all.sort((a, b) => a.rank - b.rank || a.index - b.index);
  return sorted.map(({ one }) => entry(one)).join('\n\n');
}

const isIn = (module: string, path: string): boolean => `${module}/`.startsWith(`${path}/`);

/** Functions and constants, classes, interfaces, types; errors last. */
function rankOf(one: Declaration): number {
  if (isError(one)) return 5;
  const [word = ''] = one.code.split(' ');
  return ['function', 'const', 'class', 'interface', 'type'].indexOf(word);
}

/** Whether its parents, who are among `all`, lead to Error. */
export function isError({ kind, code }: Declaration, all = known): boolean {
  const [, parent] = / extends (\w+)/.exec(code) ?? [];
  if (kind !== 'class' || !parent) return false;
  if (['Error', 'RangeError'].includes(parent)) return true;
  return all.some((one) => one.name === parent && isError(one, all));
}

function entry(one: Declaration): string {
  const members = one.members.filter(({ doc }) => doc.length > 0).map(item);
  const isPlain = /^(interface \w+|class \w+( extends Error)?)$/.test(one.code);
  const heading = [`#### ${one.name}`, isPlain ? '' : code(one.code)];
  const parts = [...heading, ...one.doc, members.join('\n')];
  return parts.filter(Boolean).join('\n\n');
}

const item = (one: Declared): string => `- ${code(one.code)}: ${one.doc.join(' ')}`;

const code = (text: string): string => `\`${text.replace(/;$/, '')}\``;
