import { randomBytes } from 'node:crypto';
import { systemClock } from './clock.js';
import { Connection } from './connection/connection.js';
import { ResourceConflict, withAnother } from './connection/resource-conflict.js';
import { type ConnectOptions, givenOptions } from './given/connect-options.js';
import { withHints } from './hints.js';
import { bareJid, formatJid, type Jid, mayBeForms, parseJid, prepareJid } from './jid.js';
import { exchange, openStream } from './login/open-stream.js';
import { enable, NS_SM } from './resume/stream-management.js';
import type { Session } from './session.js';
import { StanzaError } from './stanza-error.js';
import { StanzaSession } from './stanza-session.js';
import { ConnectionFailed, ServerNotTrusted } from './stream/connection-errors.js';
import type { XmppStream } from './stream/xmpp-stream.js';
import { type Element, xml } from './xml.js';

const DEFAULT_TIMEOUT_MS = 30_000;
const NS_LIMITS = 'urn:xmpp:stream-limits:0';
const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
const NS_SESSION = 'urn:ietf:params:xml:ns:xmpp-session';

/**
 * Connects and logs in; nothing is sent or handled before the connection is encrypted and the server's
 * certificate is checked for the account's domain. Rejects with `ConnectionFailed`, `ServerNotTrusted`,
 * `NotAuthorized`, `ResourceConflict`, `MalformedJid`, `MalformedService`, RangeError for an option that cannot
 * be, or the signal's reason.
 *
 * A connection that is cut, or dead for 80 s, is resumed where the server can (XEP-0198 §5). What ends the
 * session: `ConnectionLost`, `ResourceConflict`, or while it is resumed `NotAuthorized`, `ConnectionFailed`, the
 * signal's reason.
 */
export async function connect(options: ConnectOptions): Promise<Session> {
  const given = givenOptions(options);
  const { clock = systemClock, random = Math.random, timeout = DEFAULT_TIMEOUT_MS } = given;
  const signal = given.signal ?? new AbortController().signal;
  const account = prepareJid(given.account);
  const resource = account.resource || given.resource || randomResource();
  const { stream, features, jid, enabled, endpoint } = await openStream(
    given,
    { timeout, signal },
    async (stream, features, endpoint) => ({
      stream,
      features,
      endpoint,
      jid: await establish(stream, features, { ...account, resource }),
      enabled: features.getChild('sm', NS_SM) && (await manage(stream)),
    }),
  );
  const maxStanzaBytes = readMaxStanzaBytes(features);
  const { onSetback, onPadded } = given;
  const connection = new Connection(stream, enabled, {
    login: given,
    jid,
    endpoint,
    maxStanzaBytes,
    timeout,
    signal,
    clock,
    random,
    onSetback,
    onPadded,
  });
  const session = new StanzaSession(jid, connection, { ...given, maxStanzaBytes });
  connection.start(session);
  return session;
}

/** Resolves to the full JID of a session that the server has begun. */
async function establish(stream: XmppStream, features: Element, wanted: Jid) {
  const jid = await bind(stream, wanted);
  const session = features.getChild('session', NS_SESSION);
  // RFC 3921 §3, which RFC 6120 has dropped: older servers route nothing before it.
  if (session && !session.getChild('optional')) await beginSession(stream);
  return jid;
}

async function beginSession(stream: XmppStream): Promise<void> {
  const request = xml('session', { xmlns: NS_SESSION });
  const reply = await ask(stream, 'session', request);
  if (reply.attrs.type !== 'error') return;
  const { message } = StanzaError.fromStanza(reply);
  throw new ConnectionFailed(`the server refused to begin a session (${message})`);
}

const ask = (stream: XmppStream, id: string, request: Element): Promise<Element> =>
  exchange(
    stream,
    xml('iq', { type: 'set', id }, request),
    (element) => element.is('iq') && element.attrs.id === id,
  );

const randomResource = () => `inband-${randomBytes(8).toString('hex')}`;

/** Resource binding (RFC 6120 §7): resolves to the full JID that the server gave. */
async function bind(stream: XmppStream, wanted: Jid): Promise<string> {
  const { resource } = wanted;
  const request = xml('bind', { xmlns: NS_BIND }, xml('resource', {}, resource));
  const reply = await ask(stream, 'bind', request);
  if (reply.attrs.type === 'error') throw refused(wanted, StanzaError.fromStanza(reply));
  const bound = readBound(reply.getChild('bind', NS_BIND)?.getChild('jid')?.getText() ?? '');
  const account = bareJid(formatJid(wanted));
  // Whom the own account is, and so who may do what, goes by it.
  if (mayBeForms(bareJid(bound), account)) return bound;
  throw new ServerNotTrusted(`the server logged ${account} in as ${bareJid(bound)}`);
}

function refused(wanted: Jid, error: StanzaError): Error {
  const { resource } = wanted;
  if (error.condition === 'conflict') {
    const taken = new ResourceConflict(`another client has the resource "${resource}"`, {
      cause: error,
    });
    return withAnother(taken, formatJid(wanted));
  }
  const message = `the server refused the resource "${resource}" (${error.message})`;
  const failed = new ConnectionFailed(message, { cause: error });
  return withHints(failed, 'use another one: -a name@example.org/laptop');
}

function readBound(text: string): string {
  try {
    const jid = parseJid(text);
    if (jid.resource) return formatJid(jid);
  } catch {
    // as bad as one without a resource
  }
  throw new ServerNotTrusted(`the server bound "${text.slice(0, 100)}", which is no full JID`);
}

/** XEP-0478 §3. */
function readMaxStanzaBytes(features: Element): number | undefined {
  const text = features.getChild('limits', NS_LIMITS)?.getChild('max-bytes')?.getText() ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** XEP-0198 §3: `<enabled/>`. A server that refuses it goes without. */
async function manage(stream: XmppStream): Promise<Element | undefined> {
  const answer = await exchange(stream, enable(), (element) => element.getNS() === NS_SM);
  return answer.is('enabled') ? answer : undefined;
}
