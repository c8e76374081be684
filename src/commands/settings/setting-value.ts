import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Option } from 'commander';
import { UnfitValue, UsageError } from '../context.js';
import { RepeatableOption, takesPath } from '../options.js';

/** Where in the settings file a value stands, for messages about it. */
export interface SettingPlace {
  /** The file that the table is in. */
  path: string;
  /** As it is written there: `[send]`; empty at the top. */
  table: string;
  key: string;
}

export function misuse(
  { path, table, key }: SettingPlace,
  problem: string,
  ...hints: string[]
): UsageError {
  return new UsageError(`${path}: ${table ? `${table} ` : ''}${key} ${problem}`, ...hints);
}

/**
 * Reads a value of the settings file as its flag would, by the same parser. A flag without a value is true or
 * false, one that may be repeated a list of texts, and a number may be written as one. Throws `UsageError`.
 */
export function readValue(option: Option, value: unknown, place: SettingPlace): unknown {
  if (!option.required) {
    if (typeof value === 'boolean') return value;
    throw misuse(place, `${shownOf(option, value)}: it is true or false`);
  }
  if (option instanceof RepeatableOption) return readList(option, value, place);
  return readOne(option, value, undefined, place);
}

/** An empty list stays one: in `allow` it says nobody. */
function readList(option: Option, value: unknown, place: SettingPlace): unknown {
  if (!Array.isArray(value)) throw misuse(place, '= …: it is a list, like ["one", "two"]');
  const start: unknown = [];
  return value.reduce((earlier, one) => readOne(option, one, earlier, place), start);
}

function readOne(option: Option, value: unknown, earlier: unknown, place: SettingPlace): unknown {
  const shown = shownOf(option, value);
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw misuse(place, `${shown}: it is one value, like ${option.flags}`);
  }
  const parsed = parse(option, String(value), earlier, (why) => misuse(place, `${shown}: ${why}`));
  // An option whose parser gives a text takes texts, and no number of TOML's.
  if (typeof value === 'number' && typeof parsed !== 'number') {
    throw misuse(place, `${shown}: it is a text; put it in quotes`);
  }
  return typeof parsed === 'string' && takesPath(option) ? whole(parsed, place.path) : parsed;
}

/** What may have a password in it is not quoted, whatever it is. */
const SECRETIVE = ['proxy', 'service', 'passwordCommand', 'passwordFile'];

const shownOf = (option: Option, value: unknown): string =>
  `= ${SECRETIVE.includes(option.attributeName()) ? '…' : JSON.stringify(value)}`;

function parse(
  option: Option,
  text: string,
  earlier: unknown,
  asMisuse: (why: string) => UsageError,
): unknown {
  if (!option.parseArg) return text;
  try {
    return option.parseArg(text, earlier);
  } catch (error) {
    if (error instanceof UnfitValue) throw asMisuse(`it takes ${error.takes}`);
    throw error instanceof InvalidArgumentError ? asMisuse(error.message) : error;
  }
}

/** `~/` is the home folder; other relative paths start at the folder of the settings file. `-` is no path. */
function whole(path: string, settingsPath: string): string {
  if (path === '-') return path;
  return resolve(
    settingsPath,
    '..',
    path.replace(/^~(?=$|\/)/, () => homedir()),
  );
}
