import { randomBytes } from 'node:crypto';
import { ConnectionFailed, dial, ServerNotTrusted } from './dial.js';
import { lookUp, parseService } from './endpoints.js';
import { formatJid, parseJid } from './jid.js';
import type { Session } from './session.js';
import { StanzaError } from './stanza-error.js';
import { ConnectionLost, StanzaSession, type StanzaSessionOptions } from './stanza-session.js';
import { enable, NS_SM, StreamManagement } from './stream-management.js';
import { type Element, xml } from './xml.js';
import { XmppStream } from './xmpp-stream.js';

export interface ConnectOptions extends Omit<StanzaSessionOptions, 'maxStanzaBytes'> {
  /** Own JID; its resource, if it has one, is asked for. */
  account: string;
  password: string;
  /** Asked for when the account names no resource. Default: a random one. */
  resource?: string | undefined;
  /** `xmpp://host:port` (STARTTLS) or `xmpps://host:port`. Default: DNS SRV of the account's domain. */
  service?: string | undefined;
  /** PEM of a CA to trust beside those of Node. */
  ca?: string | undefined;
  /** Lets the password be shown to the server (SASL PLAIN), inside TLS. Default false. */
  allowPlain?: boolean | undefined;
  /** Milliseconds for the whole way to being online. Default 30,000. */
  timeout?: number | undefined;
  /** Gives up connecting; without effect once the session is there. */
  signal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const NS_LIMITS = 'urn:xmpp:stream-limits:0';
const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind';

/**
 * Connects and logs in; nothing is sent or handled before the connection is encrypted and the server's
 * certificate is checked for the account's domain. Rejects with `ConnectionFailed`, `ServerNotTrusted`,
 * `NotAuthorized`, `MalformedJid`, `MalformedService`, or the signal's reason.
 */
export async function connect(options: ConnectOptions): Promise<Session> {
  const { timeout = DEFAULT_TIMEOUT_MS, signal } = options;
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new ConnectionFailed(`not online after ${timeout / 1000} s`)),
    timeout,
  );
  try {
    return await goOnline(options, AbortSignal.any([late.signal, ...(signal ? [signal] : [])]));
  } finally {
    clearTimeout(timer);
  }
}

async function goOnline(options: ConnectOptions, signal: AbortSignal): Promise<Session> {
  const { local, domain, resource } = parseJid(options.account);
  const endpoints = options.service ? [parseService(options.service)] : await lookUp(domain);
  const stream = new XmppStream(await dial(endpoints, { domain, ca: options.ca, signal }));
  const giveUp = () => stream.fail(signal.reason);
  signal.addEventListener('abort', giveUp);
  try {
    signal.throwIfAborted();
    const features = await stream.logIn({
      domain,
      username: local,
      password: options.password,
      allowPlain: options.allowPlain ?? false,
    });
    const jid = await bind(stream, resource || options.resource || randomResource());
    const management = features.getChild('sm', NS_SM) && (await manage(stream));
    const maxStanzaBytes = readMaxStanzaBytes(features);
    return startSession(stream, jid, management, { ...options, maxStanzaBytes });
  } catch (error) {
    stream.fail(error as Error);
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

const randomResource = () => `inband-${randomBytes(8).toString('hex')}`;

/** Resource binding (RFC 6120 §7): resolves to the full JID that the server gave. */
async function bind(stream: XmppStream, resource: string): Promise<string> {
  const request = xml('bind', { xmlns: NS_BIND }, xml('resource', {}, resource));
  const reply = await exchange(
    stream,
    xml('iq', { type: 'set', id: 'bind' }, request),
    (element) => element.is('iq') && element.attrs.id === 'bind',
  );
  if (reply.attrs.type === 'error') {
    throw new ConnectionFailed(
      `the server refused the resource ${resource} (${StanzaError.fromStanza(reply).message})`,
    );
  }
  return readBound(reply.getChild('bind', NS_BIND)?.getChild('jid')?.getText() ?? '');
}

function readBound(text: string): string {
  try {
    const jid = parseJid(text);
    if (jid.resource) return formatJid(jid);
  } catch {
    // as bad as one without a resource
  }
  throw new ServerNotTrusted(`the server bound "${text}", which is no full JID`);
}

/** XEP-0478 §3. */
function readMaxStanzaBytes(features: Element): number | undefined {
  const text = features.getChild('limits', NS_LIMITS)?.getChild('max-bytes')?.getText() ?? '';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** XEP-0198 §3, without resumption. A server that refuses it goes without. */
async function manage(stream: XmppStream): Promise<StreamManagement | undefined> {
  const answer = await exchange(stream, enable(), (element) => element.getNS() === NS_SM);
  const write = (text: string) => writeOrFail(stream, text);
  return answer.is('enabled') ? new StreamManagement(write) : undefined;
}

/** Sends an element of the login and waits for its answer; what comes in between is not for us yet. */
async function exchange(
  stream: XmppStream,
  element: Element,
  answers: (element: Element) => boolean,
): Promise<Element> {
  const answer = new Promise<Element>((resolve) => {
    stream.consume((received) => {
      if (!answers(received)) return;
      stream.consume(undefined);
      resolve(received);
    });
  });
  writeOrFail(stream, element.toString());
  const gone = stream.closed.then((error) => {
    const why = error?.message ?? 'the server closed the connection';
    throw new ConnectionFailed(`the login was cut short (${why})`, { cause: error });
  });
  return Promise.race([answer, gone]);
}

function startSession(
  stream: XmppStream,
  jid: string,
  management: StreamManagement | undefined,
  options: StanzaSessionOptions,
): Session {
  const transport = {
    write: async (stanza: Element) => {
      const written = stream.write(stanza.toString());
      management?.sent();
      // What ended the connection says more than that it cannot be written to.
      await written.catch(async (error) => {
        throw (await stream.closed) ?? error;
      });
    },
    ...(management ? { sync: () => management.sync() } : {}),
    close: async () => {
      management?.acknowledge();
      await stream.close();
    },
  };
  const session = new StanzaSession(jid, transport, options);
  stream.consume((element) => {
    if (element.getNS() === NS_SM) return management?.receive(element);
    management?.handled();
    session.receive(element);
  });
  void stream.closed.then((error) => {
    const why = error?.message ?? 'the server closed it';
    session.end(new ConnectionLost(`the connection was lost (${why})`, { cause: error }));
  });
  return session;
}

function writeOrFail(stream: XmppStream, text: string): void {
  stream.write(text).catch((error) => stream.fail(error));
}
