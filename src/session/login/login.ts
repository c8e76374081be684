import { reasonOf } from '../dial/network-reason.js';
import { withHints } from '../hints.js';
import { formatJid } from '../jid.js';
import type { ChannelBinding } from '../stream/channel-binding.js';
import { ConnectionFailed, ServerNotTrusted } from '../stream/connection-errors.js';
import { serialize } from '../stream/serialize.js';
import { StreamError } from '../stream/stream-error.js';
import { NS_STREAMS } from '../stream/stream-header.js';
import type { XmppStream } from '../stream/xmpp-stream.js';
import { type Element, xml } from '../xml.js';
import { type Credentials, chooseMechanism, type Mechanism, NotAuthorized } from './sasl.js';

const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_CHANNEL_BINDING = 'urn:xmpp:sasl-cb:0';

/** RFC 6120 §6.5: the one refusal that says nothing against the account or the password. */
const TRANSIENT = 'temporary-auth-failure';

/** §6.5.10. */
const WRONG = 'not-authorized';

/** How much of what the server says is shown, in characters. */
const MAX_LENGTH = 500;

interface LoginOptions extends Credentials {
  domain: string;
  /** Lets the password be shown to the server, unless host-meta alone says that it is one. */
  allowPlain: boolean;
}

/** What came of a login. */
interface LoggedIn {
  /** What the server offers after it. */
  features: Element;
  /** The name of the SASL mechanism. */
  mechanism: string;
}

/**
 * Opens the stream, logs in by SASL (RFC 6120 §6) and opens it anew.
 * The two sides speak in turn: whatever the server sends without being asked ends the login.
 * Rejects with `NotAuthorized`, `ServerNotTrusted` or `ConnectionFailed`.
 */
export async function logIn(stream: XmppStream, options: LoginOptions): Promise<LoggedIn> {
  const gone = stream.closed.then((error) => {
    throw error ?? new Error('the server closed the stream');
  });
  try {
    return await Promise.race([converse(stream, options), gone]);
  } catch (error) {
    throw asLoginError(error as Error, options.domain);
  }
}

async function converse(stream: XmppStream, options: LoginOptions): Promise<LoggedIn> {
  const offer = await open(stream, options);
  const mechanism = choose(stream, offer, options);
  await authenticate(stream, mechanism, options);
  const features = await open(stream, options);
  // From here on the server may speak when it likes.
  stream.consume(undefined);
  return { features, mechanism: mechanism.name };
}

async function open(stream: XmppStream, { domain, username }: LoginOptions): Promise<Element> {
  stream.open(domain, formatJid({ local: username, domain, resource: '' }));
  const features = await next(stream);
  if (!features.is('features', NS_STREAMS)) throw unasked(features);
  return features;
}

function choose(stream: XmppStream, features: Element, options: LoginOptions): Mechanism {
  const offer = features.getChild('mechanisms', NS_SASL);
  // A server that takes anybody is not the one that has the account.
  if (!offer) throw unasked(features);
  const mechanisms = offer.getChildren('mechanism').map((mechanism) => mechanism.getText());
  const own = stream.channelBinding;
  const offered = { mechanisms, binding: announced(features, own), canBind: own !== undefined };
  const chosen = chooseMechanism(offered, options, options.allowPlain && !stream.isDelegated);
  if (chosen) return chosen;
  const names = mechanisms.join(', ').slice(0, MAX_LENGTH);
  const error = new ServerNotTrusted(
    `the server offers no login that keeps the password secret (${names})`,
  );
  throw mechanisms.includes('PLAIN') ? withHints(error, ...hintsOfPlain(stream, options)) : error;
}

/** None that would have somebody show the password to a host that is not known to be the server. */
function hintsOfPlain({ isDelegated }: XmppStream, { allowPlain, domain }: LoginOptions): string[] {
  if (!isDelegated) return ['--allow-plain would show it the password'];
  return allowPlain ? [`--allow-plain is only for a server whose certificate names ${domain}`] : [];
}

/** A binding that the server knows too (XEP-0440 §3); many offer `-PLUS` by `tls-unique` alone, and do not say so. */
function announced(
  features: Element,
  binding: ChannelBinding | undefined,
): ChannelBinding | undefined {
  const types = features
    .getChild('sasl-channel-binding', NS_CHANNEL_BINDING)
    ?.getChildren('channel-binding')
    .map(({ attrs }) => attrs.type);
  return binding && types?.includes(binding.type) ? binding : undefined;
}

async function authenticate(
  stream: XmppStream,
  mechanism: Mechanism,
  { username, domain }: LoginOptions,
): Promise<void> {
  const { name } = mechanism;
  let answer = await say(stream, 'auth', { mechanism: name }, await mechanism.respond());
  while (answer.is('challenge', NS_SASL)) {
    mechanism.challenge(decode(answer.getText()));
    answer = await say(stream, 'response', {}, await mechanism.respond());
  }
  if (answer.is('failure', NS_SASL)) {
    throw refusal(answer, formatJid({ local: username, domain, resource: '' }));
  }
  if (!answer.is('success', NS_SASL)) throw unasked(answer);
  mechanism.succeed(decode(answer.getText()));
}

function say(stream: XmppStream, name: string, attrs: object, text: string): Promise<Element> {
  const element = xml(name, { xmlns: NS_SASL, ...attrs }, Buffer.from(text).toString('base64'));
  stream.write(serialize(element)).catch((error) => stream.fail(error));
  return next(stream);
}

/** What the server says next; all that comes with it or before it is asked again is refused. */
function next(stream: XmppStream): Promise<Element> {
  return new Promise((resolve) => {
    stream.consume((element) => {
      stream.consume(refuse);
      resolve(element);
    });
  });
}

function refuse(element: Element): never {
  throw unasked(element);
}

const unasked = ({ name }: Element) =>
  new ServerNotTrusted(`the server sent <${name}/> before the login was done`);

const decode = (base64: string) => Buffer.from(base64, 'base64').toString();

function refusal(failure: Element, account: string): Error {
  const condition = failure.getChildElements().find((child) => !child.is('text'));
  const name = condition?.getName().slice(0, MAX_LENGTH) ?? 'not-authorized';
  const text = failure.getChild('text')?.getText().slice(0, MAX_LENGTH);
  const reason = text ? `${name} - ${text}` : name;
  if (name === TRANSIENT) return new ConnectionFailed(`the login was cut short (${reason})`);
  return new NotAuthorized(
    name === WRONG
      ? `wrong password, or no such account: ${account}`
      : `the server refused the login of ${account} (${reason})`,
  );
}

function asLoginError(error: Error, domain: string): Error {
  const isKnown =
    error instanceof ServerNotTrusted ||
    error instanceof NotAuthorized ||
    error instanceof ConnectionFailed;
  if (isKnown) return error;
  // RFC 6120 §4.9.3.6
  if (error instanceof StreamError && error.condition === 'host-unknown') {
    return new ConnectionFailed(`the server does not serve ${domain}`, { cause: error });
  }
  return new ConnectionFailed(`the login was cut short (${reasonOf(error)})`, { cause: error });
}
