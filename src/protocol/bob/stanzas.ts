// XEP-0231 Bits of Binary 1.1: elements only. Sends nothing, keeps no state.
import { type Element, xml } from '../../session/xml.js';
import { decodeBase64, encodeBase64 } from '../base64.js';
import { badRequest } from '../conditions.js';
import type { BitOfBinary } from './bit-of-binary.js';

export const NS_BOB = 'urn:xmpp:bob';

/** Ours; §2.1 recommends 8 KiB. More than this does not belong in a stanza. */
export const MAX_BLOB_BYTES = 64 * 1024;

/** Seconds. Ours; what is longer is taken as this. */
export const MAX_MAX_AGE = 2 ** 31 - 1;

/** RFC 2045 §5.1, with parameters; a quoted value has no escapes. */
const MEDIA_TYPE =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(; ?[\w!#$&^.+-]+=([\w!#$&^.+-]+|"[ !#-[\]-~]*"))*$/;

export const isMediaType = (text: string): boolean => text.length <= 255 && MEDIA_TYPE.test(text);

export const request = (cid: string): Element => xml('data', { xmlns: NS_BOB, cid });

/** `<data/>`, as it travels in an answer, a message or presence (XEP-0231 §2.1). */
export const blobElement = ({ cid, type, maxAge, bytes }: BitOfBinary): Element =>
  xml('data', { xmlns: NS_BOB, cid, type, 'max-age': maxAge }, encodeBase64(bytes));

/** In characters: an address of 1023 (RFC 7622 §3.1) as a URI, in which each may have three. It goes back as it is. */
const MAX_CID_LENGTH = 'cid:'.length + 3 * 1023;

const isShortCid = (text: string): boolean => text.length > 0 && text.length <= MAX_CID_LENGTH;

/** Throws `StanzaError` for what is no blob. A type that is none is taken as unknown. The hash is not checked. */
export function readBlob(element: Element): BitOfBinary {
  const { cid = '', type = '', 'max-age': maxAge = '' } = element.attrs;
  const bytes = decodeBase64(element.getText());
  if (!isShortCid(cid) || !bytes) throw badRequest('data needs a cid and base64');
  if (bytes.length > MAX_BLOB_BYTES) throw badRequest(`a blob has at most ${MAX_BLOB_BYTES} bytes`);
  return {
    cid,
    type: isMediaType(type) ? type : 'application/octet-stream',
    ...(maxAge ? { maxAge: readMaxAge(maxAge) } : {}),
    bytes,
  };
}

/** A max-age that cannot be read counts as 0: the blob is not kept. */
const readMaxAge = (text: string) => (/^\d+$/.test(text) ? Math.min(Number(text), MAX_MAX_AGE) : 0);

/** Throws `StanzaError` for a request without a cid. */
export function readRequest(element: Element): string {
  const { cid = '' } = element.attrs;
  if (!isShortCid(cid)) throw badRequest('data needs a cid');
  return cid;
}
