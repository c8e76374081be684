// XEP-0363 HTTP File Upload 1.1: what is asked of the service, and what it answers. Sends nothing, keeps no state.
import { type Element, xml, xmlText } from '../../session/xml.js';
import { featuresOf } from '../disco.js';
import { readHttpsUrl } from '../network/https-url.js';

const NS_UPLOAD = 'urn:xmpp:http:upload:0';
const NS_DATA = 'jabber:x:data';

/** A file as its place is asked for. */
export interface UploadedFile {
  name: string;
  /** Bytes. */
  size: number;
  mediaType: string;
}

/** The place of one file. */
export interface UploadSlot {
  /** Where its bytes go, by HTTPS. */
  put: URL;
  /** What is to be said there, by the name of the header. */
  headers: Readonly<Record<string, readonly string[]>>;
  /** Where it is then. */
  get: URL;
}

/** The service has given a place that cannot be used. */
export class UnusableSlot extends Error {
  override readonly name = 'UnusableSlot';
}

/** §3: whether somebody takes uploads, and the largest in bytes, where that is told. */
export function readUploads(info: Element): { maxSize: number | undefined } | undefined {
  if (!featuresOf(info).has(NS_UPLOAD)) return undefined;
  const forms = info.getChildren('x', NS_DATA);
  const form = forms.find((one) => fieldOf(one, 'FORM_TYPE') === NS_UPLOAD);
  const text = (form && fieldOf(form, 'max-file-size')) ?? '';
  return { maxSize: /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined };
}

const fieldOf = (form: Element, name: string): string | undefined =>
  form
    .getChildren('field')
    .find(({ attrs }) => attrs.var === name)
    ?.getChild('value')
    ?.getText();

/** §4 */
export const slotRequest = ({ name, size, mediaType }: UploadedFile): Element =>
  xml('request', { xmlns: NS_UPLOAD, filename: xmlText(name), size, 'content-type': mediaType });

/** §4: the place in an answer of the service with this JID. Throws `UnusableSlot`. */
export function readSlot(answer: Element, service: string): UploadSlot {
  const slot = answer.getChild('slot', NS_UPLOAD);
  const put = slot?.getChild('put');
  const [to, from] = [put, slot?.getChild('get')].map((one) => readHttpsUrl(one?.attrs.url));
  if (!put || !to || !from) {
    throw new UnusableSlot(`${service} has given no HTTPS address for the file`);
  }
  return { put: to, get: from, headers: readHeaders(put, service) };
}

/** §4: no others may be sent. */
const ALLOWED = new Set(['authorization', 'cookie', 'expires']);

const MAX_HEADERS = 16;
const MAX_HEADER_LENGTH = 8192;

/** RFC 9110 §5.5: what a header may be of, as Node holds it to that. */
const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The values of one name stay in their order. */
function readHeaders(put: Element, service: string): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  const all = put.getChildren('header');
  if (all.length > MAX_HEADERS) {
    throw new UnusableSlot(`${service} wants too many headers with the upload`);
  }
  for (const header of all) {
    const name = withoutBreaks(header.attrs.name ?? '').toLowerCase();
    if (!ALLOWED.has(name)) continue;
    const value = withoutBreaks(header.getText());
    const isFit = value.length <= MAX_HEADER_LENGTH && HEADER_TEXT.test(value);
    if (!isFit) {
      throw new UnusableSlot(
        `${service} wants a header ${name} with the upload that cannot be sent`,
      );
    }
    headers[name] = [...(headers[name] ?? []), value];
  }
  return headers;
}

const withoutBreaks = (text: string): string => text.replace(/[\r\n]/g, '');
