// A file that lies at an address, as a message tells of it: XEP-0066 Out of Band Data 1.5 for every client, and XEP-0447
// Stateless File Sharing 0.3, with XEP-0446 File Metadata Element, which says what is to be had there.
import { type Element, xml, xmlText } from '../../session/xml.js';
import { hash } from '../hashes/hash-elements.js';
import { NS_HINTS } from './marks.js';

export const NS_OOB = 'jabber:x:oob';
export const NS_SHARING = 'urn:xmpp:sfs:0';
export const NS_METADATA = 'urn:xmpp:file:metadata:0';
export const NS_URL_DATA = 'http://jabber.org/protocol/url-data';
const NS_FALLBACK = 'urn:xmpp:fallback:0';

/** What lies at an address. */
export interface LinkedFile {
  url: string;
  name: string;
  /** Bytes. */
  size: number;
  mediaType?: string | undefined;
  date?: Date | undefined;
  sha256: Uint8Array;
}

/** XEP-0334 §4.4: to be kept for those who are away. */
const store = (): Element => xml('store', { xmlns: NS_HINTS });

/** Words of a person's. */
export const wordsMessage = (to: string, id: string, text: string): Element =>
  xml('message', { type: 'chat', to, id }, xml('body', {}, xmlText(text)), store());

/** Clients show a link as a file only where the text is the address, and nothing else. */
export const linkMessage = (to: string, id: string, file: LinkedFile): Element =>
  xml(
    'message',
    { type: 'chat', to, id },
    sharing(file),
    xml('fallback', { xmlns: NS_FALLBACK, for: NS_SHARING }, xml('body')),
    xml('body', {}, file.url),
    xml('x', { xmlns: NS_OOB }, xml('url', {}, file.url)),
    store(),
  );

const sharing = ({ url, name, size, mediaType, date, sha256 }: LinkedFile): Element =>
  xml(
    'file-sharing',
    { xmlns: NS_SHARING, disposition: 'attachment' },
    xml(
      'file',
      { xmlns: NS_METADATA },
      mediaType === undefined ? undefined : xml('media-type', {}, mediaType),
      xml('name', {}, xmlText(name)),
      xml('size', {}, `${size}`),
      date && xml('date', {}, date.toISOString()),
      hash('sha-256', sha256),
    ),
    xml('sources', {}, xml('url-data', { xmlns: NS_URL_DATA, target: url })),
  );
