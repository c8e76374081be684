// XEP-0065 SOCKS5 Bytestreams 1.8: elements only, as much as a proxy is asked.
import { bareJid } from '../../session/jid.js';
import { type Element, xml } from '../../session/xml.js';

export const NS_BYTESTREAMS = 'http://jabber.org/protocol/bytestreams';

/** A proxy, and where it listens. */
export interface Streamhost {
  jid: string;
  /** A name or an address. */
  host: string;
  port: number;
}

/** Asks a proxy where it listens (§4). */
export const streamhostQuery = (): Element => xml('query', { xmlns: NS_BYTESTREAMS });

/**
 * What a proxy tells of itself: nothing where that is of no use. Ejabberd adds a resource, by which its machines tell
 * themselves apart.
 */
export function readStreamhost(answer: Element, proxy: string): Streamhost | undefined {
  const query = answer.getChild('query', NS_BYTESTREAMS);
  const isItself = ({ attrs: { jid = '' } }: Element) => bareJid(jid) === proxy;
  const [told] = query?.getChildren('streamhost').filter(isItself) ?? [];
  const { jid = '', host, port } = told?.attrs ?? {};
  return isHost(host) && isPort(port) ? { jid, host, port: Number(port) } : undefined;
}

/** Asks a proxy to join the two that have connected to it (§6.3.5). */
export const activation = (sid: string, target: string): Element =>
  xml('query', { xmlns: NS_BYTESTREAMS, sid }, xml('activate', {}, target));

/** A name of the domain name system (RFC 1035 §2.3.4), or an address without a zone. */
export const isHost = (text: string | undefined): text is string =>
  text !== undefined && /^[-.:\w]{1,255}$/.test(text);

export const isPort = (text: string | undefined): text is string =>
  text !== undefined && /^[1-9]\d{0,4}$/.test(text) && Number(text) < 65_536;
