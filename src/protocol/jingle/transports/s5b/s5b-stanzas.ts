// XEP-0260 Jingle SOCKS5 Bytestreams Transport Method 1.0.3: elements only.
import { createHash } from 'node:crypto';
import { type Element, xml } from '../../../../session/xml.js';
import { badRequest } from '../../../conditions.js';
import { isSid } from '../../../sid.js';
import { isHost, isPort, type Streamhost } from '../../../socks5/stanzas.js';

export const NS_JINGLE_S5B = 'urn:xmpp:jingle:transports:s5b:1';

/** §2.3: each with what its priority begins with. All but a proxy are the party itself. */
const TYPE_PREFERENCES = { direct: 126, assisted: 120, tunnel: 110, proxy: 10 };

type CandidateType = keyof typeof TYPE_PREFERENCES;

/** Where a party may be reached. */
export interface Candidate extends Streamhost {
  cid: string;
  priority: number;
  type: CandidateType;
}

export const isProxy = ({ type }: Candidate): boolean => type === 'proxy';

/** §2.3; `preference` among those of one type: 0 to 65535. */
export const priorityOf = (type: CandidateType, preference: number): number =>
  TYPE_PREFERENCES[type] * 2 ** 16 + preference;

/** What a party offers. */
export interface Offered {
  sid: string;
  candidates: readonly Candidate[];
}

/** `field`: the address field of our candidates. Some read it, and some reckon it themselves. */
export const transport = ({ sid, candidates }: Offered, field: string): Element =>
  xml(
    'transport',
    {
      xmlns: NS_JINGLE_S5B,
      sid,
      dstaddr: candidates.some(isProxy) ? field : undefined,
    },
    ...candidates.map((candidate) => xml('candidate', { ...candidate })),
  );

/**
 * The sid that stands in the clear where the element is sealed: whoever knows the other one can reckon the address
 * field, and connect before the parties do.
 */
export const outsideSid = (sid: string): string =>
  createHash('sha256').update(sid).digest('hex').slice(0, 32);

/** What servers read of a transport that is sealed. */
export const outside = ({ attrs: { sid = '' } }: Element): Element =>
  xml('transport', { xmlns: NS_JINGLE_S5B, sid: outsideSid(sid) });

/** Candidates that are looked at; nobody has as many addresses. */
export const MAX_CANDIDATES = 64;

/** Throws `StanzaError` for what cannot be a bytestream. Candidates that cannot be are left out. */
export function readTransport(element: Element): Offered {
  const { sid = '', mode = 'tcp' } = element.attrs;
  if (element.getNS() !== NS_JINGLE_S5B) throw badRequest('not the transport that was offered');
  if (!isSid(sid)) throw badRequest('transport needs a sid that is an NMTOKEN');
  if (mode !== 'tcp') throw badRequest('mode is tcp');
  const candidates = new Map<string, Candidate>();
  for (const child of element.getChildren('candidate').slice(0, MAX_CANDIDATES)) {
    const candidate = readCandidate(child);
    if (candidate && !candidates.has(candidate.cid)) candidates.set(candidate.cid, candidate);
  }
  return { sid, candidates: [...candidates.values()] };
}

/** RFC 7622 §3.1. */
const MAX_JID_LENGTH = 3071;

const MAX_PRIORITY = priorityOf('direct', 65_535) * 2;

function readCandidate({ attrs }: Element): Candidate | undefined {
  const { cid, host, jid = '', port, priority = '', type = 'direct' } = attrs;
  const isRight =
    isCid(cid) && isHost(host) && isPort(port) && isType(type) && /^\d{1,8}$/.test(priority);
  if (!isRight || jid.length > MAX_JID_LENGTH || Number(priority) > MAX_PRIORITY) return undefined;
  return { cid, host, jid, port: Number(port), priority: Number(priority), type };
}

const isCid = (text: string | undefined): text is string => !!text && text.length <= 128;

const isType = (text: string): text is CandidateType => Object.hasOwn(TYPE_PREFERENCES, text);

/** What a party tells of the way in a `transport-info`. */
export type News =
  | { said: 'candidate-used' | 'activated'; cid: string }
  | { said: 'candidate-error' | 'proxy-error' };

/** The candidates that come late (XEP-0166 §7.2.13); Psi's do, since it looks for its proxies meanwhile. */
interface Late extends Offered {
  said: 'candidates';
}

export const news = (sid: string, told: News): Element =>
  xml(
    'transport',
    { xmlns: NS_JINGLE_S5B, sid },
    xml(told.said, 'cid' in told ? { cid: told.cid } : {}),
  );

/** Throws `StanzaError` for what tells nothing. */
export function readNews(element: Element): News | Late {
  const [told] = element.getChildElements();
  const { cid } = told?.attrs ?? {};
  const said = told?.getName();
  if (said === 'candidate-used' || said === 'activated') {
    if (!isCid(cid)) throw badRequest('which candidate?');
    return { said, cid };
  }
  if (said === 'candidate-error' || said === 'proxy-error') return { said };
  if (said === 'candidate') return { said: 'candidates', ...readTransport(element) };
  throw badRequest('transport-info tells nothing');
}
