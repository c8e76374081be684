// What a message says of files that lie at addresses; see link.ts. Keeps no state.
import type { Element } from '../../session/xml.js';
import { type FileOffer, readDate } from '../file-offer.js';
import { readHashes } from '../hashes/hash-elements.js';
import { readHttpsUrl } from '../network/https-url.js';
import { cutText, mediaTypeOf } from '../peer-text.js';
import { NS_METADATA, NS_OOB, NS_SHARING, NS_URL_DATA } from './link.js';

/** A file, and where it lies. All of it is a peer's word. */
export interface ToldLink {
  readonly url: URL;
  readonly offer: FileOffer;
}

/** Clients put one into a message, or the pictures of an album. */
const MAX_LINKS = 16;

/**
 * The files that a person has sent with this message: those of XEP-0447, and one of XEP-0066 where the text is the
 * address, and nothing else. What cannot be read, or asked for, is left out.
 */
export function readLinks(message: Element): ToldLink[] {
  const { type = 'normal' } = message.attrs;
  if (type !== 'chat' && type !== 'normal') return [];
  const shared = message.getChildren('file-sharing', NS_SHARING).slice(0, MAX_LINKS);
  const links = [...shared.flatMap(readShared), ...readOutOfBand(message)];
  // One file may be told in both ways, and the first one says more.
  const first = new Map<string, ToldLink>();
  for (const link of links) if (!first.has(link.url.href)) first.set(link.url.href, link);
  return [...first.values()];
}

function readShared(sharing: Element): ToldLink[] {
  const file = sharing.getChild('file', NS_METADATA);
  const sources = sharing.getChild('sources')?.getChildren('url-data', NS_URL_DATA) ?? [];
  const [url] = sources
    .slice(0, MAX_LINKS)
    .flatMap(({ attrs }) => readHttpsUrl(attrs.target) ?? []);
  const facts = url && file && factsOf(file);
  if (!url || !facts) return [];
  const textOf = (name: string) => file.getChild(name)?.getText() || undefined;
  const [date, mediaType] = [readDate(textOf('date')), mediaTypeOf(textOf('media-type'))];
  const name = cutText(textOf('name') ?? '') || nameIn(url);
  const known = { ...facts, ...(date && { date }), ...(mediaType && { mediaType }) };
  return [{ url, offer: { name, ...known } }];
}

/** Nothing where its size or a hash makes no sense: it would be compared with that. */
function factsOf(file: Element): Pick<FileOffer, 'size' | 'hashes'> | undefined {
  const size = file.getChild('size')?.getText() ?? '';
  if (size !== '' && !/^\d{1,15}$/.test(size)) return undefined;
  try {
    const hashes = readHashes(file);
    return { ...(size === '' ? {} : { size: Number(size) }), ...(hashes.size ? { hashes } : {}) };
  } catch {
    return undefined;
  }
}

function readOutOfBand(message: Element): ToldLink[] {
  const text = message.getChild('x', NS_OOB)?.getChild('url')?.getText();
  const url = text === message.getChild('body')?.getText() ? readHttpsUrl(text) : undefined;
  return url ? [{ url, offer: { name: nameIn(url) } }] : [];
}

/** What stands last in the path. */
function nameIn({ pathname, hostname }: URL): string {
  const last = pathname.split('/').at(-1) ?? '';
  return cutText(decoded(last)) || hostname;
}

/** As it is where it is not well encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
