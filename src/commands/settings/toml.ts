import { UsageError } from '../context.js';

/** Values by their keys, not checked yet. */
export type Table = Record<string, unknown>;

/** Most commands read no settings file. */
const library = () => import('smol-toml');

/** Lines that have these values. */
export async function formatToml(table: Table): Promise<string> {
  const { stringify } = await library();
  return stringify(table);
}

/** The table that a file has, which `path` names in errors. Rejects with `UsageError` for what is not TOML 1.0. */
export async function parseToml(text: string, path: string): Promise<Table> {
  const { parse, TomlError } = await library();
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The lines after the first show the file, in which there may be secrets.
    const [message = ''] = error.message.split('\n');
    throw new UsageError(
      `${path}:${error.line}:${error.column}: ${message}`,
      'texts, and times such as "1h", stand in quotes',
    );
  }
}
