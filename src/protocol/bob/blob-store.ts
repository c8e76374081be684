import { checkObject } from '../../session/given/rules.js';
import { withInherited } from '../../session/given/with-inherited.js';
import { withHints } from '../../session/hints.js';
import type { Call, HandlerRegistry } from '../handler-registry.js';
import type { BitOfBinary } from './bit-of-binary.js';
import {
  contentIdOf,
  MalformedBlob,
  matches,
  parseContentId,
  readContentId,
} from './content-id.js';
import { isMediaType, MAX_BLOB_BYTES, MAX_MAX_AGE } from './stanzas.js';

/** What came is not what the cid names; it was thrown away. */
export class BlobMismatch extends Error {
  override readonly name = 'BlobMismatch';
}

/** What is said of a blob of our own beside its bytes and type. */
export interface SetBlobOptions {
  /** What to call it. Default: made of its hash, and whoever fetches it can then check it. */
  cid?: string | undefined;
  /** Seconds that others may keep it, and that we do; 0: others not at all. Default: without an end. */
  maxAge?: number | undefined;
  /** An algorithm of `HASH_ALGORITHMS`. Default `sha-256`. */
  hash?: string | undefined;
}

/**
 * Makes a blob of our own, and stores nothing. Throws `BlobMismatch` when the bytes are not those of the cid,
 * `MalformedBlob` for more than 64 KiB, or a cid, type or max-age that is none; RangeError for an unknown hash.
 */
export function createBlob(
  bytes: Uint8Array,
  type: string,
  { cid, maxAge, hash = 'sha-256' }: SetBlobOptions = {},
): BitOfBinary {
  if (bytes.length > MAX_BLOB_BYTES) {
    throw withHints(
      new MalformedBlob(`a blob has at most ${MAX_BLOB_BYTES} bytes`),
      'send it as a file',
    );
  }
  if (!isMediaType(type)) {
    throw withHints(new MalformedBlob(`"${type}" is not a media type`), 'one looks like image/png');
  }
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 0 && maxAge <= MAX_MAX_AGE)) {
    throw new MalformedBlob(`a max-age is a whole number of seconds up to ${MAX_MAX_AGE}`);
  }
  const name = cid === undefined ? contentIdOf(bytes, hash) : readContentId(cid);
  const blob = checked({ cid: name, type, bytes, ...(maxAge === undefined ? {} : { maxAge }) });
  if (!blob) throw new BlobMismatch(`the bytes are not those of ${name}`);
  return blob;
}

/**
 * Stores a blob of our own, to be given out, and resolves to its cid. Rejects with `BlobMismatch` when the bytes are not
 * those of the cid; `MalformedBlob` for more than 64 KiB, or a cid, type or max-age that is none; RangeError for an
 * unknown hash, or options that are no object; or as the handler does.
 */
export async function setBlob(
  registry: HandlerRegistry,
  bytes: Uint8Array,
  type: string,
  given: SetBlobOptions & { jid?: string | undefined } = {},
): Promise<string> {
  checkObject(given);
  const { jid, ...options } = withInherited(given);
  const blob = createBlob(bytes, type, options);
  await registry.run('bob', 'set_bob', { jid, args: blob });
  return blob.cid;
}

/** Looks into the store. A blob that is not what its cid says counts as absent, whatever store it is. */
export async function findBlob(
  registry: HandlerRegistry,
  cid: string,
  call: Omit<Call, 'args' | 'node'> = {},
): Promise<BitOfBinary | undefined> {
  checkObject(call, 'the call is');
  const args = readContentId(cid);
  const blob = await registry.run<BitOfBinary | undefined>('bob', 'get_bob', {
    ...withInherited(call),
    args,
  });
  return blob && checked({ ...withInherited(blob), cid: args });
}

/** Removes a blob, of our own or fetched; returns whether there was one, if the store tells. */
export function deleteBlob(
  registry: HandlerRegistry,
  cid: string,
  jid?: string,
): Promise<boolean | undefined> {
  return registry.run('bob', 'del_bob', { jid, args: readContentId(cid) });
}

/** The blob, marked if nobody can tell, or `undefined` where it is not what its cid says. */
export function checked(blob: BitOfBinary): BitOfBinary | undefined {
  const id = parseContentId(blob.cid);
  if (!id) return { ...blob, unverified: true };
  return matches(id, blob.bytes) ? blob : undefined;
}
