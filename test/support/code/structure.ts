import { posix } from 'node:path';
import { targetOf } from './imports.js';
import { exportsOf, functionsOf, importsOf, linesOf } from './syntax.js';

export const MOST_LINES_OF_FILE = 200;
export const MOST_LINES_OF_FUNCTION = 40;
export const MOST_FILES_OF_FOLDER = 15;

/** The keys are paths in src/. */
export type Sources = Record<string, string>;

/** What breaks a rule: the path of the file (of the folder, by `folders`) and what is wrong with it. */
export interface Problem {
  path: string;
  text: string;
}

export type RuleName =
  | 'files'
  | 'functions'
  | 'cycles'
  | 'circles'
  | 'order'
  | 'folders'
  | 'late'
  | 'doors'
  | 'exports';

/** In each room all its folders from top to bottom: none imports one above it. */
const ORDER: Record<string, readonly string[]> = {
  commands: ['login', 'blobs', 'receive', 'upload', 'keys', 'help', 'settings', 'account'],
  transfer: [
    'receiving',
    'links',
    'serving',
    'blobs',
    'uploads',
    'sending',
    'finding',
    'people',
    'attempts',
    'keys',
    'quotas',
    'sources',
    'ways',
    'lane',
  ],
  ui: ['terminal'],
  protocol: [
    'jingle',
    'si',
    'http-download',
    'ibb',
    'socks5',
    'http-upload',
    'bob',
    'messages',
    'presence',
    'seal',
    'noise',
    'network',
    'hashes',
  ],
  session: [
    'connection',
    'resume',
    'login',
    'given',
    'discovery',
    'dial',
    'outbox',
    'wires',
    'stream',
  ],
  storage: ['inbox', 'naming', 'ledger', 'blobs', 'keys', 'lock'],
};

export const RULES: Record<RuleName, (sources: Sources) => Problem[]> = {
  files: longFiles,
  functions: longFunctions,
  cycles: filesInCycles,
  circles: foldersInCircles,
  order: outOfOrder,
  folders: fullFolders,
  late: lateImports,
  doors: severalDoors,
  exports: needlessExports,
};

/**
 * What breaks a rule and is not excused, one line each; and what is excused by its path though it breaks nothing any
 * more, so that a list of exceptions can only shrink.
 */
export function problemsOf(sources: Sources, rule: RuleName, excused: string[] = []): string[] {
  const found = RULES[rule](sources);
  const broken = new Set(found.map(({ path }) => path));
  return [
    ...found
      .filter(({ path }) => !excused.includes(path))
      .map(({ path, text }) => `${path}: ${text}`),
    ...excused.filter((path) => !broken.has(path)).map((path) => `${path}: take it off the list`),
  ];
}

function longFiles(sources: Sources): Problem[] {
  return Object.entries(sources).flatMap(([path, source]) => {
    const lines = linesOf(source.trimEnd());
    return lines > MOST_LINES_OF_FILE ? [{ path, text: `${lines} lines` }] : [];
  });
}

function longFunctions(sources: Sources): Problem[] {
  return Object.entries(sources).flatMap(([path, source]) =>
    functionsOf(source)
      .filter(({ lines }) => lines > MOST_LINES_OF_FUNCTION)
      .map(({ name, line, lines }) => ({
        path,
        text: `${name || 'a function'} at line ${line} has ${lines} lines`,
      })),
  );
}

function fullFolders(sources: Sources): Problem[] {
  const files = new Map<string, number>();
  for (const path of Object.keys(sources)) {
    const folder = posix.dirname(path);
    files.set(folder, (files.get(folder) ?? 0) + 1);
  }
  return [...files]
    .filter(([, count]) => count > MOST_FILES_OF_FOLDER)
    .map(([path, count]) => ({ path, text: `${count} files` }));
}

/** A file is in a cycle when it reaches itself, by imports of types too. */
function filesInCycles(sources: Sources): Problem[] {
  const imported = new Map(
    Object.entries(sources).map(([path, source]) => [
      path,
      importsOf(source).map(({ specifier }) => targetOf(path, specifier)),
    ]),
  );
  return [...imported.keys()].flatMap((path) => {
    const way = wayBack(path, imported);
    return way ? [{ path, text: `imports itself by ${way.join(', ')}` }] : [];
  });
}

/** A folder of a room, with what is inside it: `transfer/ways`. Files of the room itself are of none. */
const folderOf = (path: string) => path.split('/').slice(0, 2).join('/');

const isInFolder = (path: string) => path.split('/').length > 2;

/** What the folders of rooms import of each other, and by which file. */
function importsOfFolders(sources: Sources): { path: string; from: string; to: string }[] {
  return Object.entries(sources)
    .filter(([path]) => isInFolder(path))
    .flatMap(([path, source]) =>
      importsOf(source)
        .map(({ specifier }) => targetOf(path, specifier))
        .filter((target) => isInFolder(target))
        .map((target) => ({ path, from: folderOf(path), to: folderOf(target) })),
    )
    .filter(({ from, to }) => from !== to);
}

/** Two folders that import each other, however far around, are one. */
function foldersInCircles(sources: Sources): Problem[] {
  const imported = new Map<string, string[]>();
  for (const { from, to } of importsOfFolders(sources)) {
    imported.set(from, [...(imported.get(from) ?? []), to]);
  }
  return [...imported.keys()].flatMap((path) => {
    const way = wayBack(path, imported);
    return way ? [{ path, text: `imports itself by ${way.join(', ')}` }] : [];
  });
}

function outOfOrder(sources: Sources): Problem[] {
  return [...foldersWithoutPlace(sources), ...importsFromAbove(sources)];
}

function foldersWithoutPlace(sources: Sources): Problem[] {
  const folders = Object.keys(sources).filter(isInFolder).map(folderOf);
  return [...new Set(folders)]
    .filter((path) => {
      const [room = '', folder = ''] = path.split('/');
      return !ORDER[room]?.includes(folder);
    })
    .map((path) => ({ path, text: 'has no place in the order of its room' }));
}

function importsFromAbove(sources: Sources): Problem[] {
  return importsOfFolders(sources).flatMap(({ path, from, to }) => {
    const [room = '', folder = ''] = from.split('/');
    const [otherRoom, other = ''] = to.split('/');
    const order = ORDER[room] ?? [];
    const [here, there] = [order.indexOf(folder), order.indexOf(other)];
    const isAbove = room === otherRoom && there >= 0 && there < here;
    return isAbove ? [{ path, text: `imports ${to}, which is above` }] : [];
  });
}

/** The files, or folders, on a shortest way from one to itself, without it. */
function wayBack(start: string, imported: Map<string, string[]>): string[] | undefined {
  const ways: [string, string[]][] = [[start, []]];
  const seen = new Set<string>();
  for (const [path, way] of ways) {
    for (const next of imported.get(path) ?? []) {
      if (next === start) return way;
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([next, [...way, next]]);
    }
  }
  return undefined;
}

/** What only a terminal needs, or a rare way to the server or of a file (Node's HTTP), and takes long to load. */
const LATE_BELOW = [
  ...['ui/create-report.ts', 'ui/terminal/foot.ts'],
  ...['session/dial/dial.ts', 'session/dial/through-proxy.ts', 'session/discovery/find-server.ts'],
  ...['transfer/ways/http/uploads.ts', 'transfer/links/incoming-link.ts'],
];

/** Imports stand at the top. Only what runs, a command, and what is needed seldom load anything later. */
function lateImports(sources: Sources): Problem[] {
  return Object.entries(sources)
    .filter(([path]) => path !== 'main.ts' && !isCommand(path) && !LATE_BELOW.includes(path))
    .flatMap(([path, source]) => {
      const late = importsOf(source).filter((found) => found.late);
      return late.map(({ specifier }) => ({ path, text: `import() of ${specifier}` }));
    });
}

/** A command loads its work by one `import()`. */
function severalDoors(sources: Sources): Problem[] {
  return Object.entries(sources)
    .filter(([path]) => isCommand(path))
    .flatMap(([path, source]) => {
      const late = importsOf(source).filter((found) => found.late);
      return late.length > 1 ? [{ path, text: `${late.length} times import()` }] : [];
    });
}

/** What is exported, and imported by no other file; the paths of users beside src/ begin with `../`. */
function needlessExports(sources: Sources): Problem[] {
  const used = new Map<string, Set<string>>();
  for (const [path, source] of Object.entries(sources)) {
    for (const { specifier, names = wordsOf(source) } of importsOf(source)) {
      const target = targetOf(path, specifier).replace(/^\.\.\/src\//, '');
      used.set(target, new Set([...(used.get(target) ?? []), ...names]));
    }
  }
  return Object.entries(sources)
    .filter(([path]) => !/^\.\.\/|\.d\.ts$/.test(path))
    .flatMap(([path, source]) =>
      exportsOf(source)
        .filter((name) => !used.get(path)?.has(name))
        .map((name) => ({ path, text: `exports ${name}, which nobody imports` })),
    );
}

/** A module that is imported as one is taken to be used by any name that its user has. */
const wordsOf = (source: string): string[] => source.match(/\w+/g) ?? [];

function isCommand(path: string): boolean {
  return path.startsWith('commands/');
}
