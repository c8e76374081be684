import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import { NS_DELAY } from '../messages/marks.js';
import type { BitOfBinary } from './bit-of-binary.js';
import { checked } from './blob-store.js';
import { readContentId } from './content-id.js';
import { NS_BOB, readBlob } from './stanzas.js';

/**
 * The blobs that a message or presence carries itself (XEP-0231 §2.2), without those that are malformed or not
 * what their cid says. What is forwarded, bounced, stored or said in a room was not sent to us like this.
 */
export function inlineBlobs(stanza: Element): BitOfBinary[] {
  const { type } = stanza.attrs;
  const stored = stanza.name === 'message' && stanza.getChild('delay', NS_DELAY);
  if (type === 'error' || type === 'groupchat' || stored) return [];
  return stanza.getChildren('data', NS_BOB).flatMap((element) => readChecked(element) ?? []);
}

function readChecked(element: Element): BitOfBinary | undefined {
  try {
    const blob = readBlob(element);
    return checked({ ...blob, cid: readContentId(blob.cid) });
  } catch (error) {
    if (error instanceof StanzaError || error instanceof RangeError) return undefined;
    throw error;
  }
}
