import { readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../src/commands/context.js';
import { exitCodeOf, FAILURES, hintsOf, meetsAll, textOf } from '../src/failures.js';
import { Bytestream } from '../src/protocol/ibb/bytestream.js';
import { NotAuthorized } from '../src/session/login/sasl.js';
import { RequestTimeout } from '../src/session/requests.js';
import { Interrupted } from '../src/signals.js';
import { NoRoom } from '../src/transfer/inbox-errors.js';
import { RecipientBusy } from '../src/transfer/recipient-errors.js';
import { FilesFailed, SourceChanged } from '../src/transfer/sources/source.js';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** These two are looked through: what they carry decides. */
const CARRIERS: unknown[] = [FilesFailed, Interrupted];

async function exportedErrors(): Promise<[name: string, kind: unknown][]> {
  const found: [string, unknown][] = [];
  for (const path of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
    // main.ts runs when it is imported; index.ts has the same classes again.
    if (!/\.ts$/.test(path) || /\.d\.ts$|^(main|index)\.ts$/.test(path)) continue;
    const module: object = await import(pathToFileURL(SRC + path).href);
    found.push(...Object.entries(module).filter(([, one]) => isErrorClass(one)));
  }
  return found;
}

const isErrorClass = (one: unknown): boolean =>
  typeof one === 'function' && one.prototype instanceof Error;

test('every exported class of error has its own line in the table (R147)', async () => {
  const kinds: unknown[] = FAILURES.map(([kind]) => kind);
  const errors = await exportedErrors();
  expect(errors.length).toBeGreaterThan(30);
  const lost = errors.filter(([, kind]) => !kinds.includes(kind) && !CARRIERS.includes(kind));
  expect(lost.map(([name]) => name)).toEqual([]);
});

test('no line of the table is hidden behind that of a class which it extends (R147)', () => {
  for (const [at, [kind]] of FAILURES.entries()) {
    const hiding = FAILURES.slice(0, at).find(([other]) => kind.prototype instanceof other);
    expect([kind.name, hiding?.[0].name]).toEqual([kind.name, undefined]);
  }
});

test('a class of something else than errors is none (R147)', () => {
  expect(isErrorClass(Bytestream)).toBe(false);
});

test('an error that nobody thought of says where to report it (R999)', () => {
  expect(hintsOf(new Error('?'))).toEqual(['"inband help bug" says what to report']);
  expect(hintsOf(Object.assign(new Error('?'), { code: 'EPIPE' }))).toEqual([]);
});

describe('the exit code', () => {
  test.each([
    ['of an error that nobody thought of', new Error('?'), 1],
    ['of files that failed is that of the first of them', new FilesFailed(new UsageError('?')), 2],
    ['of a signal', new Interrupted('SIGTERM'), 143],
    ['of a class that extends another', new RecipientBusy('?'), 6],
    ['of an error of the file system', Object.assign(new Error('?'), { syscall: 'open' }), 10],
    ['of a pipe that nobody reads', Object.assign(new Error('?'), { code: 'EPIPE' }), 141],
    ['of a class of storage', new NoRoom('?'), 10],
  ])('%s', (_what, error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('what would meet the next file, too (R285)', () => {
  test.each([
    ['an error that nobody thought of', new Error('?'), true],
    ['what carries such a one', new FilesFailed(new Error('?')), true],
    ['a login that was refused', new NotAuthorized('?'), true],
    ['a disk without room', new NoRoom('?'), true],
    ['an error of the file system', Object.assign(new Error('?'), { syscall: 'open' }), true],
    ['a file that has changed', new SourceChanged('?'), false],
    ['a recipient that is busy', new RecipientBusy('?'), false],
    ['a signal', new Interrupted('SIGTERM'), false],
    ['a pipe that nobody reads', Object.assign(new Error('?'), { code: 'EPIPE' }), false],
  ])('%s: %p', (_what, error, outcome) => {
    expect(meetsAll(error)).toBe(outcome);
  });
});

test('a next step stands behind an error that names none itself', () => {
  const silence = new RequestTimeout('no answer');
  expect([textOf(silence), hintsOf(silence)]).toEqual(['no answer', ['try again']]);
  expect(textOf(new RequestTimeout('no answer; wait'))).toBe('no answer; wait');
});

test.each<[members: { syscall: string; path?: string; dest?: string }, text: string]>([
  [{ syscall: 'open', path: 'Minutes, May.txt' }, 'cannot open Minutes, May.txt: it failed'],
  [{ syscall: 'stat', path: "a, b 'c'" }, "cannot open a, b 'c': it failed"],
  [{ syscall: 'link', path: 'x', dest: "y' -> 'z" }, "cannot link y' -> 'z: it failed"],
  [{ syscall: 'read' }, 'cannot read a file: it failed'],
  [{ syscall: 'stat', path: '' }, 'cannot open "": it failed'],
  [{ syscall: 'scandir', path: 'x' }, 'cannot read the folder x: it failed'],
  [{ syscall: 'mkdir', path: '/proc/foo' }, 'cannot make the folder /proc/foo: it failed'],
])('an error of a file names it, whatever its name is: %o (R1031)', (members, text) => {
  const paths = [members.path, members.dest].flatMap((path) =>
    path === undefined ? [] : [`'${path}'`],
  );
  const message = `EIO: it failed, ${members.syscall} ${paths.join(' -> ')}`.trim();
  expect(textOf(Object.assign(new Error(message), { code: 'EIO' }, members))).toBe(text);
});

/** What can be done about each class whose errors do not say so themselves. */
const NEXT_STEPS: [name: string, ...hints: string[]][] = [
  ['NobodyToAsk', 'say whom to ask: --from <jid>'],
  ['NotAuthorized', '"inband config" shows where account and password come from'],
  ['ResourceConflict', 'use another resource: -a name@example.org/laptop'],
  ['ConnectionFailed', 'check the network, the domain, and --service'],
  ['ServerNotTrusted', 'check --service', 'somebody may be in between'],
  ['UnusableSlot', 'tell the people who run the server'],
  ['ChannelBroken', 'ask the recipient, or send it again'],
  ['ChannelLost', 'send it again'],
  ['BlocksIgnored', 'its client may take blocks in messages only: try --stanza message'],
  ['FileUnconfirmed', 'ask the recipient before you send it again'],
  ['ConnectionLost', 'run the command again'],
  ['StreamError', 'run the command again'],
  ['BlobMismatch', 'ask another with --from'],
  ['NoSuchBlob', 'ask another with --from'],
  ['MalformedAnnouncement', 'somebody in between may have changed it'],
  ['SourceChanged', 'send it again'],
  ['TooLongToSeal', 'give it a shorter name, in fewer folders'],
  ['FolderInUse', 'end that one, or choose another folder: --dir <path>'],
  ['InboxReplaced', 'run the command again to receive into what is there now'],
  ['PartialRemoved', 'it must be sent again'],
  ['LedgerTooNew', 'update this inband, or use another folder'],
  ['NobodyReceives', 'start "inband receive --dir <path>", or look why it hangs'],
  ['NoFileOfOurs', 'move it away, or use another folder'],
];

test.each(NEXT_STEPS)(
  '%s that says nothing of that itself is followed by what to do',
  (name, ...hints) => {
    const kind = FAILURES.find(([one]) => one.name === name)?.[0];
    const error = Object.assign(Object.create(kind?.prototype), { message: 'it failed' });
    expect([textOf(error), hintsOf(error)]).toEqual(['it failed', hints]);
  },
);

test('every class that has something to do is among them', () => {
  const all = FAILURES.filter(([, , , ...hints]) => hints.length > 0).map(([{ name }]) => name);
  expect(all.sort()).toEqual(['RequestTimeout', ...NEXT_STEPS.map(([name]) => name)].sort());
});
