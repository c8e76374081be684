import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import * as library from '../src/index.js';

type ErrorClass = new () => Error;

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** What throws these (rosters, proposals of Jingle, keys that are typed, uploads and downloads) is no part of the library. */
const OTHERS = [
  ...['TooManyContacts', 'ProposalRejected', 'MalformedKey'],
  ...['UnusableSlot', 'UnfitAnswer', 'OtherFile', 'AddressNotAllowed'],
];

/** The classes of error that the modules below a folder of src/ export. */
async function errorsOf(folder: string): Promise<ErrorClass[]> {
  const found: ErrorClass[] = [];
  for (const path of readdirSync(SRC + folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.ts$/.test(path) || /\.d\.ts$/.test(path)) continue;
    const module: object = await import(pathToFileURL(`${SRC}${folder}/${path}`).href);
    const classes = Object.values(module).filter((one) => typeof one === 'function');
    found.push(...classes.filter(({ prototype }) => prototype instanceof Error));
  }
  return found;
}

test.each(['session', 'protocol'])(
  'a program can tell every error of %s by its class (R137)',
  async (folder) => {
    const errors = await errorsOf(folder);
    expect(errors.length).toBeGreaterThan(5);
    const exported: unknown[] = Object.values(library);
    const missing = errors.filter((one) => !exported.includes(one)).map(({ name }) => name);
    expect(missing.filter((name) => !OTHERS.includes(name))).toEqual([]);
  },
);
