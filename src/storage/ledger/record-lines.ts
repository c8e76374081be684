import type { Trust } from '../../transfer/keys/rules.js';
import type { FileRecord, Trace, Work } from '../../transfer/receiving/ledger.js';
import { isCount, isKey, isPath, matches, parseObject, parseTime } from '../untrusted.js';
import type { FolderRecord, FolderTrace } from './folder-record.js';

// The ledger is a file of JSON lines. The first says what it is; each other one is a record, in place of an earlier one
// with its id, or says that a record is gone. A record is one of a file, or of a folder that was made.

/** Raised when a record means something else than it did: an older program must not read it. */
const VERSION = 1;

export const HEADER = `${JSON.stringify({ inband: 'ledger', version: VERSION })}\n`;

/** What a line says. */
export type LedgerLine = { record: FileRecord } | { folder: FolderRecord } | { removed: string };

export const recordLine = ({ at, ...record }: FileRecord): string =>
  `${JSON.stringify({ ...record, at: at.toISOString() })}\n`;

export const folderLine = ({ at, ...folder }: FolderRecord): string =>
  `${JSON.stringify({ folder: { ...folder, at: at.toISOString() } })}\n`;

export const removedLine = (id: string): string => `${JSON.stringify({ removed: id })}\n`;

/** The version of the ledger that begins with this line; `undefined` for what begins none. */
export function versionOf(line: string): number | undefined {
  const { inband, version } = parseObject(line);
  return inband === 'ledger' && isCount(version) ? version : undefined;
}

export const isKnownVersion = (version: number): boolean => version === VERSION;

const ID = /^[0-9a-f-]{36}$/;
const SHA256 = /^[0-9a-f]{64}$/;
/** A JID has at most 3071 bytes. */
const JID = /^[^\0]{1,3071}$/su;
const COMPONENT = /^[^\0]{0,1024}$/su;
const MAX_COMPONENTS = 64;

const TRUSTS: readonly Trust[] = ['first', 'known', 'verified', 'unknown'];
const isTrust = (value: unknown): value is Trust => TRUSTS.some((trust) => trust === value);

/** `undefined` for anything that is not written here: the file may be damaged. */
export function readLine(text: string): LedgerLine | undefined {
  const { removed, ...fields } = parseObject(text);
  if (removed !== undefined) return matches(removed, ID) ? { removed } : undefined;
  if (fields.folder !== undefined) return readFolder(Object(fields.folder));
  const { id, account, peer, offered, path, size, sha256, isArriving, sealedBy } = fields;
  const { trust, linkId } = fields;
  const [at, trace] = [parseTime(fields.at), readTrace(fields.trace)];
  const work = fields.work === undefined ? undefined : readWork(fields.work);
  if (!matches(id, ID) || !matches(account, JID) || !matches(peer, JID)) return undefined;
  if (!isOffered(offered) || !isPath(path)) return undefined;
  if (!isCount(size) || !matches(sha256, SHA256) || !at || !trace) return undefined;
  if (fields.work !== undefined && !work) return undefined;
  if (sealedBy !== undefined && !isKey(sealedBy)) return undefined;
  if (trust !== undefined && !isTrust(trust)) return undefined;
  if (linkId !== undefined && !matches(linkId, SHA256)) return undefined;
  const more = {
    ...(trust === undefined ? {} : { trust }),
    ...(linkId === undefined ? {} : { linkId }),
    ...(isArriving === true ? { isArriving: true as const } : {}),
    ...(fields.isChangingMode === true ? { isChangingMode: true as const } : {}),
    ...(work ? { work } : {}),
    ...(sealedBy === undefined ? {} : { sealedBy }),
  };
  return { record: { id, account, peer, offered, path, size, sha256, at, trace, ...more } };
}

function readFolder(fields: Record<string, unknown>): LedgerLine | undefined {
  const { id, account, offered, path, sealedBy } = fields;
  const at = parseTime(fields.at);
  const trace = fields.trace === undefined ? undefined : readFolderTrace(fields.trace);
  if (!matches(id, ID) || !matches(account, JID) || !isOffered(offered) || !isPath(path)) {
    return undefined;
  }
  if (!at || (fields.trace !== undefined && !trace)) return undefined;
  if (sealedBy !== undefined && !isKey(sealedBy)) return undefined;
  const more = { ...(trace ? { trace } : {}), ...(sealedBy === undefined ? {} : { sealedBy }) };
  return { folder: { id, account, offered, path, at, ...more } };
}

function readFolderTrace(value: unknown): FolderTrace | undefined {
  const { inode, born } = Object(value);
  return [inode, born].every(Number.isFinite) ? { inode, born } : undefined;
}

const isOffered = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= MAX_COMPONENTS &&
  value.every((one) => matches(one, COMPONENT));

function readTrace(value: unknown): Trace | undefined {
  const { inode, born, modified, changed } = Object(value);
  const isTrace = [inode, born ?? 0, modified, changed].every((one) => Number.isFinite(one));
  return isTrace
    ? { inode, ...(born === undefined ? {} : { born }), modified, changed }
    : undefined;
}

const STATES: ReadonlySet<unknown> = new Set<Work['state']>(['due', 'done', 'failed', 'gone']);

function readWork(value: unknown): Work | undefined {
  const { state, program } = Object(value);
  if (!STATES.has(state)) return undefined;
  if (program === undefined) return { state };
  const { pid, start } = Object(program);
  return isCount(pid) && matches(start, /^.{0,200}$/s)
    ? { state, program: { pid, start } }
    : undefined;
}
