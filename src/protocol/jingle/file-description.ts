// XEP-0234 Jingle File Transfer 0.19: elements only. Sends nothing, keeps no state.
import { type Element, xml, xmlText } from '../../session/xml.js';
import { badRequest } from '../conditions.js';
import { type FileOffer, type FileRange, knownDate, readDate } from '../file-offer.js';
import { hash, hashUsed, readHashes, readHashFunctions } from '../hashes/hash-elements.js';
import { cutText, mediaTypeOf } from '../peer-text.js';
import { placeElements, readPlace } from './file-path.js';
import type { Role } from './stanzas.js';

export const NS_FILE_TRANSFER = 'urn:xmpp:jingle:apps:file-transfer:5';
export const NS_FILE_ERRORS = 'urn:xmpp:jingle:apps:file-transfer:errors:0';
/**
 * An element of ours in `<file>`, and the feature of those who understand it. In an offer the sender knows what it means
 * in an answer: the file is there, whole, from an earlier transfer, and the range begins at its end.
 */
export const NS_ALREADY_THERE = 'urn:x-inband:already-there:0';

/** The hash that is announced where it is not known yet. */
const HASH_TO_COME = 'sha-256';

/** What is said of a file by Jingle (XEP-0234 §4). */
export interface FileDescription extends FileOffer {
  /** Can send from an offset on, or (in an answer) is asked to. */
  range: FileRange | undefined;
  /** Names of the algorithms whose hashes are there or will follow. */
  hashFunctions: readonly string[];
}

/** XEP-0414: nobody wants md5 any more, and Psi takes no offer with a hash that it does not know. */
export const toldHashes = (hashes: FileOffer['hashes']): [algorithm: string, Buffer][] =>
  [...(hashes ?? [])].filter(([algorithm]) => algorithm !== 'md5');

/** Describes a file whose hash is there, or will follow; in an answer with the range that is wanted. */
export function description(file: FileOffer, range?: FileRange): Element {
  const { name, size, date, mediaType, description, alreadyThere } = file;
  const hashes = toldHashes(file.hashes).map(([algorithm, digest]) => hash(algorithm, digest));
  const text = (name: string, value: string | number | undefined) =>
    value === undefined ? undefined : xml(name, {}, xmlText(String(value)));
  return xml(
    'description',
    { xmlns: NS_FILE_TRANSFER },
    xml(
      'file',
      {},
      text('media-type', mediaType),
      text('name', name),
      // XEP-0082 in whole seconds: more than some peers can read is of no use.
      text(
        'date',
        knownDate(date)
          ?.toISOString()
          .replace(/\.\d+Z$/, 'Z'),
      ),
      text('size', size),
      text('desc', description),
      // §5.3: an empty one says that ranges are understood.
      range && xml('range', { offset: range.offset || undefined, length: range.length }),
      ...(hashes.length > 0 ? hashes : [hashUsed(HASH_TO_COME)]),
      alreadyThere && alreadyThereElement(alreadyThere),
      ...placeElements(file),
    ),
  );
}

const alreadyThereElement = ({ again }: { again: boolean }) =>
  xml('already-there', { xmlns: NS_ALREADY_THERE, again: again ? 'true' : undefined });

/** Throws `StanzaError` for what describes no single file. */
export function readDescription(element: Element): FileDescription {
  const [file, ...others] = element.getChildren('file');
  if (!file || others.length > 0) throw badRequest('one file a Jingle session');
  const text = (name: string) => file.getChild(name)?.getText();
  const range = file.getChild('range');
  const there = file.getChild('already-there', NS_ALREADY_THERE);
  const place = readPlace(file);
  return {
    // One name of a file is enough.
    name: place.path?.at(-1) ?? cutText(text('name') ?? ''),
    ...place,
    ...defined({
      size: readCount(text('size')),
      date: readDate(text('date')),
      // Conversations writes `mediaType`.
      mediaType: mediaTypeOf(text('media-type') ?? text('mediaType')),
      description: cutIfThere(text('desc')),
      alreadyThere: there && { again: !NOT_AGAIN.has(there.attrs.again) },
    }),
    hashes: readHashes(file),
    hashFunctions: readHashFunctions(file),
    range: range && {
      offset: readCount(range.attrs.offset) ?? 0,
      length: readCount(range.attrs.length),
    },
  };
}

/** What may follow where nothing is said of that (Conversations sends sha-1). */
const COMMON_HASH_FUNCTIONS = ['sha-1', 'sha-256'];

/** Names of the algorithms whose hashes are known, or may become known. */
export const hashFunctionsOf = ({ hashFunctions }: FileDescription): readonly string[] =>
  hashFunctions.length > 0 ? hashFunctions : COMMON_HASH_FUNCTIONS;

/** Whatever else is said there, sending is never wrong. */
const NOT_AGAIN: ReadonlySet<string | undefined> = new Set([undefined, 'false', '0']);

const cutIfThere = (text: string | undefined) => (text === undefined ? undefined : cutText(text));

const defined = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** A number of bytes. */
function readCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\s*\d{1,16}\s*$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw badRequest('not a number of bytes');
  return count;
}

type ContentName = { creator: Role; name: string };

/** §8.1: the recipient has the whole file. */
export const received = ({ creator, name }: ContentName): Element =>
  xml('received', { xmlns: NS_FILE_TRANSFER, creator, name });

/** §8.2: the hashes of a file that was offered without. */
export const checksum = (
  { creator, name }: ContentName,
  hashes: ReadonlyMap<string, Buffer>,
): Element => {
  const elements = [...hashes].map(([algorithm, digest]) => hash(algorithm, digest));
  return xml('checksum', { xmlns: NS_FILE_TRANSFER, creator, name }, xml('file', {}, ...elements));
};

/** The hashes of the whole file; those of a part (in its range) are none. Throws `StanzaError`. */
export function readChecksum(element: Element): Map<string, Buffer> {
  const file = element.getChild('file');
  if (!file) throw badRequest('checksum needs a file');
  return readHashes(file);
}

/** Without a hash that is told nobody can know whether what is there is of the same file. */
export const mayBeGoneOnWith = ({ size, hashes }: FileOffer): boolean =>
  size !== undefined && toldHashes(hashes).length > 0;
