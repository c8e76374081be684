// XEP-0261 Jingle In-Band Bytestreams Transport Method 1.0: elements only.
import { type Element, xml } from '../../../session/xml.js';
import { badRequest } from '../../conditions.js';
import { MIN_BLOCK_SIZE } from '../../ibb/sending/block-sizes.js';
import { MAX_BLOCK_SIZE, type Open, type StanzaMode } from '../../ibb/stanzas.js';
import { isSid } from '../../sid.js';

export const NS_JINGLE_IBB = 'urn:xmpp:jingle:transports:ibb:1';

/** The bytestream that a Jingle session is about; §2.2: it is opened with exactly these values. */
export const transport = ({ sid, blockSize, stanza }: Open): Element =>
  xml('transport', {
    xmlns: NS_JINGLE_IBB,
    'block-size': blockSize,
    sid,
    // `iq` is the default, and what some peers know.
    stanza: stanza === 'iq' ? undefined : stanza,
  });

/** Throws `StanzaError` for what can be no bytestream. */
export function readTransport(element: Element): Open {
  const { sid = '', stanza = 'iq', 'block-size': blockSize = '' } = element.attrs;
  if (!isSid(sid)) throw badRequest('transport needs a sid that is an NMTOKEN');
  return { sid, blockSize: readBlockSize(blockSize), stanza: readStanza(stanza) };
}

/**
 * What an answer makes of the transport that was offered: a smaller block size. Peers leave out what stays as it
 * was. Throws `StanzaError` where it asks for what was not offered, or for blocks that are mostly XML: the smallest that an
 * open is answered with are the smallest here, too.
 */
export function readAgreedTransport(element: Element, offered: Open): Open {
  const { sid = offered.sid, 'block-size': text } = element.attrs;
  const blockSize = text === undefined ? offered.blockSize : readBlockSize(text);
  if (element.getNS() !== NS_JINGLE_IBB || sid !== offered.sid || blockSize > offered.blockSize) {
    throw badRequest('not the transport that was offered');
  }
  const smallest = Math.min(offered.blockSize, MIN_BLOCK_SIZE);
  if (blockSize < smallest) {
    throw badRequest(`blocks of ${blockSize} bytes, and ${smallest} at least were offered`);
  }
  return { ...offered, blockSize };
}

function readBlockSize(text: string): number {
  const blockSize = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (blockSize < 1 || blockSize > MAX_BLOCK_SIZE) {
    throw badRequest(`transport needs a block-size from 1 to ${MAX_BLOCK_SIZE}`);
  }
  return blockSize;
}

function readStanza(text: string): StanzaMode {
  if (text !== 'iq' && text !== 'message') throw badRequest('stanza is iq or message');
  return text;
}
