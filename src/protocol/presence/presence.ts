// RFC 6121 §4 and §8: being seen, seeing others, and knocking.
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../session/clock.js';
import { bareJid, formatJid, mayBeForms, parseJid } from '../../session/jid.js';
import { RequestTimeout } from '../../session/requests.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import { type Element, xml } from '../../session/xml.js';
import { discoverFeatures, discoverInfo } from '../disco.js';
import { type Caps, readCaps } from './caps.js';

/**
 * §8.5.2: the server gives a resource of negative priority no message that is for the person, neither a new one
 * nor one of those it has stored.
 */
const PRIORITY = '-1';

/** Our being there. It brings us no message but those to our full JID. */
export const available = (...children: Element[]): Element =>
  xml('presence', {}, xml('priority', {}, PRIORITY), ...children);

/** A resource that is seen online. */
export interface SeenResource {
  /** Full. */
  jid: string;
  caps?: Caps | undefined;
}

/** More than anybody has online; a server may name as many as it likes. */
const MAX_SEEN = 1_000;

/** For servers where a contact's resources answer on their own (ejabberd). */
const GRACE_MS = 1_000;

/**
 * The resources of a contact, as it was named, that are seen at this moment: asks its server, which tells those who may
 * see its presence, and tells nobody of us. Most servers answer what is asked behind the probe behind the presence, too
 * (RFC 6120 §10.1); where no presence has come until then, some time is given to it.
 */
export async function seenResources(
  session: Session,
  contact: string,
  options: RequestOptions,
  clock: Clock = systemClock,
): Promise<SeenResource[]> {
  const bare = bareJid(contact);
  const sightings = new Sightings(bare);
  const forget = session.onPresence((presence) => sightings.take(presence));
  try {
    await session.send(xml('presence', { type: 'probe', to: bare }));
    const account = await formOf(session, bare, options);
    if (sightings.isEmpty) await grace(session, options.signal, clock);
    return sightings.of(account);
  } finally {
    forget();
  }
}

/** The resources that presence tells of, by each account that a bare JID may stand for, as servers stamp it. */
class Sightings {
  readonly #bare: string;
  readonly #told = new Map<string, Map<string, SeenResource>>();

  constructor(bare: string) {
    this.#bare = bare;
  }

  get isEmpty(): boolean {
    return this.#told.size === 0;
  }

  take(presence: Element): void {
    const { from, type } = presence.attrs;
    if (!from || !mayBeForms(bareJid(from), this.#bare)) return;
    const seen = this.#told.get(bareJid(from)) ?? new Map<string, SeenResource>();
    this.#told.set(bareJid(from), seen);
    const { resource } = parseJid(from);
    if (!resource) return;
    const jid = formatJid({ ...parseJid(this.#bare), resource });
    if (type !== undefined) seen.delete(jid);
    else if (seen.size < MAX_SEEN || seen.has(jid)) {
      seen.set(jid, { jid, caps: jid === from ? readCaps(presence) : undefined });
    }
  }

  /** Presence comes unasked, and two forms may be two accounts: `account` is the form of the one that was asked. */
  of(account: string): SeenResource[] {
    // ejabberd answers in the form in which it was asked, and stamps presence with its own.
    const [only, ...others] = this.#told.values();
    const isOnly = account === this.#bare && others.length === 0;
    const seen = this.#told.get(account) ?? (isOnly ? only : undefined);
    return [...(seen?.values() ?? [])];
  }
}

/** Rejects when the session ends, or with the signal's reason. */
async function grace(session: Session, signal: AbortSignal | undefined, clock: Clock) {
  const signals = [session.ended, ...(signal ? [signal] : [])];
  // The reason of a sleep that is cut short is thrown below.
  await clock.sleep(GRACE_MS, AbortSignal.any(signals)).catch(() => undefined);
  for (const one of signals) one.throwIfAborted();
}

/**
 * Sees a contact come and go from now on, where it lets us: calls `comes` for each full JID of it that has come online,
 * also for those that are there now. Resolves when these are told; they are only where we are `available` ourselves
 * (RFC 6121 §4.2.3). Undo: the function that it resolves to. Rejects when the session ends, or with the signal's reason.
 */
export async function watchContact(
  session: Session,
  contact: string,
  comes: (jid: string) => void,
  options: RequestOptions,
  clock: Clock = systemClock,
): Promise<() => void> {
  const bare = bareJid(contact);
  const seen = new Set<string>();
  const forget = session.onPresence(({ attrs: { from, type } }) => {
    if (!from || from === session.jid || !mayBeForms(bareJid(from), bare)) return;
    if (type === 'unavailable') seen.delete(from);
    if (type !== undefined || seen.has(from) || seen.size >= MAX_SEEN) return;
    seen.add(from);
    comes(from);
  });
  try {
    await formOf(session, bare, options).catch((error: Error) => {
      // A server that does not answer may show them later.
      if (!(error instanceof RequestTimeout)) throw error;
    });
    if (seen.size === 0) await grace(session, options.signal, clock);
    return forget;
  } catch (error) {
    forget();
    throw error;
  }
}

/** A bare JID as its server has it, which may refuse to say more. Presence asked for before has come by then. */
async function formOf(session: Session, bare: string, options: RequestOptions): Promise<string> {
  try {
    return bareJid((await discoverInfo(session, bare, undefined, options)).jid);
  } catch (error) {
    ignoreStanzaError(error as Error);
    return bareJid((error as StanzaError).from ?? bare);
  }
}

/**
 * Whether anyone is connected with this full JID of our own account, seen or not. A message of type `groupchat`
 * comes back where nobody is, and is nothing to one who is (§8.5.3.2.1, §8.5.3.1).
 */
export async function isConnected(
  session: Session,
  jid: string,
  options: RequestOptions,
): Promise<boolean> {
  const id = randomUUID();
  let cameBack = false;
  const forget = session.onMessage(({ attrs }) => {
    if (attrs.type === 'error' && attrs.id === id) cameBack = true;
  });
  try {
    await session.send(xml('message', { type: 'groupchat', to: jid, id }));
    await discoverFeatures(session, bareJid(jid), options).catch(ignoreStanzaError);
    return !cameBack;
  } finally {
    forget();
  }
}

/** Any answer shows that what was sent before has been dealt with. */
function ignoreStanzaError(error: Error): void {
  if (!(error instanceof StanzaError)) throw error;
}
