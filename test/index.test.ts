import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import * as library from '../src/index.js';
import { type Declaration, libraryDeclarations } from './support/code/declarations.js';
import { isError } from './support/code/library-docs.js';

type ErrorClass = new () => Error;

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** What throws these (rosters, proposals of Jingle, keys that are typed, uploads and downloads) is no part of the library. */
const OTHERS = [
  ...['TooManyContacts', 'ProposalRejected', 'MalformedKey'],
  ...['UnusableSlot', 'UnfitAnswer', 'OtherFile', 'AddressNotAllowed', 'PortNotAllowed'],
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

describe('what the library exports', () => {
  const all = libraryDeclarations();
  const names = new Set(all.map(({ name }) => name));

  /** The members of what it says that it implements: their docstrings are there. */
  function inherited(code: string): string[] {
    const [, parent] = / implements (\w+)/.exec(code) ?? [];
    return all.find(({ name }) => name === parent)?.members.map(({ name }) => name) ?? [];
  }

  test('is what its types say, and was built last (R1152)', () => {
    const values = all.filter(({ code }) => /^(class|function|const) /.test(code));
    const exported = Object.keys(library);
    expect(exported.filter((name) => !values.some((one) => one.name === name))).toEqual([]);
    expect(all.length).toBeGreaterThan(exported.length);
  });

  test('has a docstring, and so has each member (R1152)', () => {
    const silent = all.flatMap((one) => {
      const known = inherited(one.code);
      // What an error is called, and made of, is no concern of whoever catches it.
      if (isError(one, all)) known.push('name', 'constructor');
      const members = one.members.filter(
        ({ name, doc }) => doc.length === 0 && !known.includes(name),
      );
      return [
        ...(one.doc.length === 0 ? [one.name] : []),
        ...members.map(({ code }) => `${one.name}: ${code}`),
      ];
    });
    expect(silent).toEqual([]);
  });

  test('is typed: nothing is any (R1152)', () => {
    const codes = all.flatMap(({ code, members }) => [code, ...members.map((one) => one.code)]);
    expect(codes.filter((code) => /\bany\b/.test(code))).toEqual([]);
  });

  test('takes undefined for what may be absent, by "exactOptionalPropertyTypes" too (R1157)', () => {
    const members = all.filter(({ kind }) => kind === 'interface').flatMap((one) => one.members);
    const optional = members.filter(({ code }) => /^(readonly )?\w+\?:/.test(code));
    expect(optional.length).toBeGreaterThan(50);
    const others = optional.filter(({ code }) => !code.endsWith(' | undefined'));
    // What is named and not there must not go in the clear.
    expect(others.map(({ code }) => code)).toEqual(['seal?: SealedTo']);
  });

  test('takes signals in these calls, to each of which test/protocol/given-calls gives some of others (R1279)', () => {
    const takers = all.flatMap(({ name, members }) =>
      members
        .filter(({ code }) => /\bsignal\??: AbortSignal/.test(code))
        .map((member) => `${name}.${member.name}`),
    );
    const options = ['Connect', 'JingleOffer', 'Open', 'Request', 'SiAccept', 'SiOffer'];
    expect(takers.sort()).toEqual(
      [
        'Clock.sleep', // we give it ours
        ...options.map((one) => `${one}Options.signal`),
        ...['Negotiation.expect', 'Negotiation.open'],
      ].sort(),
    );
  });

  test('has no docstring that names a class or a type which is not exported (R1152)', () => {
    const docs = all.flatMap(({ doc, members }) => [...doc, ...members.flatMap((one) => one.doc)]);
    const named = docs.flatMap((doc) =>
      [...doc.matchAll(/`([A-Z]\w*[a-z]\w*)[`(]/g)].map(([, name = '']) => name),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  test('is of use: each type and class is reached from what is called, caught, or given a session (R1211)', () => {
    const codeOf = ({ code, members }: Declaration) =>
      [code, ...members.map((one) => one.code)].join('\n').match(/\w+/g) ?? [];
    const isRoot = (one: Declaration) =>
      /^(function|const) /.test(one.code) ||
      isError(one, all) ||
      one.members.some(({ name, code }) => name === 'constructor' && /\bSession\b/.test(code));
    const reached = new Set(all.filter(isRoot));
    // What is added meanwhile is gone through, too.
    for (const one of reached) {
      const words = new Set(codeOf(one));
      for (const other of all) if (words.has(other.name)) reached.add(other);
    }
    const inVain = all.filter((one) => !reached.has(one));
    expect(inVain.map(({ name }) => name)).toEqual([]);
  });

  test('is of the connection and the protocols, for nothing of the program takes it (R1211)', () => {
    const others = all.filter(({ module }) => !/^(session|protocol)\//.test(module));
    expect(others.map(({ name }) => name)).toEqual([]);
  });

  test('is in docs/library.md, each once (R1151)', () => {
    const page = readFileSync(new URL('../docs/library.md', import.meta.url), 'utf8');
    const headings = [...page.matchAll(/^#### (.*)$/gm)].map(([, name]) => name);
    expect(headings.sort()).toEqual([...names].sort());
  });
});
