// XEP-0095 Stream Initiation 1.2 with its profile XEP-0096 SI File Transfer 1.3.1: elements only.
import { StanzaError } from '../../session/stanza-error.js';
import { type Element, xml, xmlText } from '../../session/xml.js';
import { badRequest } from '../conditions.js';
import { type FileOffer, type FileRange, knownDate, readDate } from '../file-offer.js';
import { cutText, mediaTypeOf } from '../peer-text.js';
import { isSid } from '../sid.js';
import { choosesIbb, chosenMethod, offeredMethods, offersIbb } from './stream-method.js';

export const NS_SI = 'http://jabber.org/protocol/si';
export const NS_SI_FILE_TRANSFER = 'http://jabber.org/protocol/si/profile/file-transfer';

/** What is advertised by those who take files (XEP-0096 §7). */
export const SI_FEATURES: readonly string[] = [NS_SI, NS_SI_FILE_TRANSFER];

export interface SiOffer {
  /** The id of the offer, and of the bytestream to come (XEP-0095 §5.2). */
  sid: string;
  file: FileOffer;
  /** Whether the sender can start anywhere in the file. */
  ranged: boolean;
}

/**
 * Offers a file; any part of it where its MD5 is known, without which two files of one name cannot be told apart.
 * Throws RangeError for a file without a size, which XEP-0096 §3 wants.
 */
export function offer(sid: string, file: FileOffer): Element {
  const { name, size, mediaType, description, date, hashes } = file;
  if (size === undefined) throw new RangeError('a file without a size cannot be offered by SI');
  const md5 = hashes?.get('md5');
  const attrs = {
    xmlns: NS_SI_FILE_TRANSFER,
    name: xmlText(name),
    size,
    date: knownDate(date)
      ?.toISOString()
      .replace(/\.\d+Z$/, 'Z'),
    hash: md5?.toString('hex'),
  };
  const desc = description ? xml('desc', {}, xmlText(description)) : undefined;
  return xml(
    'si',
    { xmlns: NS_SI, id: sid, 'mime-type': mediaType, profile: NS_SI_FILE_TRANSFER },
    xml('file', attrs, desc, md5 && xml('range')),
    offeredMethods(),
  );
}

/** Accepts an offer, from an offset in bytes. */
export function answer(offset: number): Element {
  const range = xml('range', { offset });
  const file = offset > 0 ? xml('file', { xmlns: NS_SI_FILE_TRANSFER }, range) : undefined;
  return xml('si', { xmlns: NS_SI }, file, chosenMethod());
}

/** Throws `StanzaError` for what XEP-0095 and XEP-0096 do not allow, and for streams that are not in-band. */
export function readOffer(si: Element): SiOffer {
  const { id: sid = '', profile } = si.attrs;
  if (!isSid(sid)) throw badRequest('si needs an id that is an NMTOKEN of at most 128 letters');
  if (profile !== NS_SI_FILE_TRANSFER) throw badProfile('only files are taken');
  const file = si.getChild('file', NS_SI_FILE_TRANSFER);
  if (!file) throw badProfile('file is missing');
  const offered = readFile(file, si.attrs['mime-type']);
  if (!offersIbb(si)) {
    throw specific('cancel', 'no-valid-streams', 'only in-band bytestreams are taken');
  }
  return { sid, file: offered, ranged: file.getChild('range') !== undefined };
}

/**
 * What of the file that was offered the recipient wants. Throws `StanzaError` for an answer that does not fit: without
 * an MD5 it cannot know that what it has is of the same file.
 */
export function readAcceptedRange(reply: Element, { size = 0, hashes }: FileOffer): FileRange {
  const si = reply.getChild('si', NS_SI);
  if (!si || !choosesIbb(si)) throw badRequest('the answer does not choose what was offered');
  const { offset: from, length: count } =
    si.getChild('file', NS_SI_FILE_TRANSFER)?.getChild('range')?.attrs ?? {};
  const offset = from === undefined ? 0 : readBytes(from);
  const length = count === undefined ? undefined : readBytes(count);
  // What is no number does not fit either.
  const fits = offset + (length ?? 0) <= size && (offset === 0 || hashes?.has('md5'));
  if (!fits) throw badRequest('the answer wants what is not in the file');
  return { offset, ...(length !== undefined && { length }) };
}

/**
 * A size may be missing (libpurple does without one), but not be nonsense. The date and the hash only help, and
 * one that cannot be read is as good as none.
 */
function readFile(file: Element, mediaType: string | undefined): FileOffer {
  const { name, size: sizeText } = file.attrs;
  if (!name) throw badProfile('file needs a name');
  const size = sizeText === undefined ? undefined : readBytes(sizeText);
  if (Number.isNaN(size)) throw badProfile('size is a number of bytes');
  const description = cutText(file.getChild('desc')?.getText() ?? '');
  const type = mediaTypeOf(mediaType);
  const date = readDate(file.attrs.date);
  const md5 = readMd5(file.attrs.hash);
  return {
    name: cutText(name),
    ...(size !== undefined && { size }),
    ...(date && { date }),
    ...(type && { mediaType: type }),
    ...(description && { description }),
    ...(md5 && { hashes: new Map([['md5', md5]]) }),
  };
}

const readMd5 = (text = '') =>
  /^[0-9a-f]{32}$/i.test(text) ? Buffer.from(text, 'hex') : undefined;

/** NaN for what is not a number of bytes. */
function readBytes(text: string): number {
  const bytes = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(bytes) ? bytes : Number.NaN;
}

const badProfile = (text: string) => specific('modify', 'bad-profile', text);

/** XEP-0095 §4.2 */
const specific = (type: 'cancel' | 'modify', name: string, text: string) =>
  new StanzaError(type, 'bad-request', text, { name, xmlns: NS_SI });
