// XEP-0047 In-Band Bytestreams 2.0.1: elements only. Sends nothing, keeps no state.
import { Base64, type Element, xml } from '../../session/xml.js';
import { decodeBase64 } from '../base64.js';
import { badRequest } from '../conditions.js';
import { isSid, randomSid } from '../sid.js';

export const NS_IBB = 'http://jabber.org/protocol/ibb';

/** §2.2: `seq` is a 16-bit counter; 0 follows 65535. */
export const SEQ_MODULUS = 65_536;

/** §2.1: the largest block size. */
export const MAX_BLOCK_SIZE = 65_535;

/** How blocks travel: in iqs, each of which is acknowledged, or in messages (XEP-0047 §2, §5). */
export type StanzaMode = 'iq' | 'message';

export interface Open {
  sid: string;
  blockSize: number;
  stanza: StanzaMode;
}

export interface Data {
  sid: string;
  seq: number;
  /** `undefined`: not base64, or empty. */
  bytes: Buffer | undefined;
}

export const open = ({ sid, blockSize, stanza }: Open): Element =>
  xml('open', { xmlns: NS_IBB, sid, 'block-size': blockSize, stanza });

export const data = (sid: string, seq: number, bytes: Uint8Array): Element =>
  xml('data', { xmlns: NS_IBB, sid, seq }, new Base64(bytes));

/** Bytes of a block's stanza beside its base64, at most; `around` puts the block into the stanza. */
export function frameOf(sid: string, around: (block: Element) => Element): number {
  const stanza = around(data(sid, SEQ_MODULUS - 1, Buffer.alloc(3)));
  return Buffer.byteLength(stanza.toString()) - 4;
}

export const close = (sid: string): Element => xml('close', { xmlns: NS_IBB, sid });

const ANNOUNCED = 'announced-';

/**
 * For a bytestream that is announced elsewhere. A recipient that has lost the announcement, because it was started
 * anew, can tell by it that this is no file of its own: it may be the rest of one.
 */
export const announcedSid = () => `${ANNOUNCED}${randomSid()}`;

export const isAnnounced = (sid: string): boolean => sid.startsWith(ANNOUNCED);

/** Throws `StanzaError` for what §2.1 does not allow. A block size over the maximum is the caller's to refuse. */
export function readOpen(element: Element): Open {
  const { sid = '', stanza = 'iq', 'block-size': blockSize = '' } = element.attrs;
  if (!isSid(sid)) throw badRequest('open needs a sid that is an NMTOKEN of at most 128 letters');
  if (!/^0*[1-9]\d{0,9}$/.test(blockSize)) throw badRequest('open needs a positive block-size');
  if (stanza !== 'iq' && stanza !== 'message') throw badRequest('stanza is iq or message');
  return { sid, blockSize: Number(blockSize), stanza };
}

/** Throws `StanzaError` when it cannot belong to any bytestream. */
export function readData(element: Element): Data {
  const { sid = '', seq = '' } = element.attrs;
  if (!isSid(sid) || !/^\d{1,5}$/.test(seq) || Number(seq) >= SEQ_MODULUS) {
    throw badRequest('data needs a sid and a 16-bit seq');
  }
  const bytes = decodeBase64(element.getText());
  return { sid, seq: Number(seq), bytes: bytes?.length ? bytes : undefined };
}

/** Throws `StanzaError` for a close without a sid. */
export function readClose(element: Element): string {
  const { sid = '' } = element.attrs;
  if (!isSid(sid)) throw badRequest('close needs a sid');
  return sid;
}
