import { tell } from '../../../session/given/callbacks.js';
import { bareJid } from '../../../session/jid.js';
import type { IqContext, Session } from '../../../session/session.js';
import { StanzaError } from '../../../session/stanza-error.js';
import type { Element } from '../../../session/xml.js';
import { badRequest } from '../../conditions.js';
import { sidKey } from '../../sid.js';
import * as stanzas from '../stanzas.js';
import { JingleSession } from './jingle-session.js';

/** Offers of one account that may wait for an answer, or be under way, at a time. */
const MAX_JINGLE_SESSIONS_PER_ACCOUNT = 32;

/** The Jingle sessions (XEP-0166) of a connection, by peer and sid. */
export class JingleSessions {
  /** Called with a Jingle session that a peer has initiated, after it was acknowledged. */
  onInitiate: (jingleSession: JingleSession) => void = (jingleSession) =>
    void jingleSession.terminate({ condition: 'decline' });
  /** Told of a Jingle session that was refused before anybody was asked, and why. */
  onRefused: (peer: string, why: string) => void = () => undefined;
  /** Asked before a Jingle session of a peer's is looked at. */
  mayInitiate: (peer: string) => boolean = () => true;
  readonly #session: Session;
  readonly #jingleSessions = new Map<string, JingleSession>();
  readonly #unhandle: () => void;

  constructor(session: Session) {
    this.#session = session;
    this.#unhandle = session.handle('set', stanzas.NS_JINGLE, 'jingle', (element, context) =>
      this.#receive(element, context),
    );
    session.ended.addEventListener('abort', () => {
      for (const one of this.#jingleSessions.values()) one.end(session.ended.reason);
    });
  }

  /** A Jingle session of ours, to be offered to a full JID by its `initiate`. */
  create(peer: string, sid: string, offered: stanzas.Content): JingleSession {
    if (this.#jingleSessions.has(sidKey(peer, sid))) throw new Error(`the sid ${sid} is in use`);
    return this.#add(peer, sid, 'initiator', offered);
  }

  /** Takes no more Jingle sessions; those that are there end, here with this error. */
  close(reason: stanzas.Reason, error?: Error): void {
    this.#unhandle();
    for (const jingleSession of this.#jingleSessions.values())
      void jingleSession.terminate(reason, error);
  }

  #receive(element: Element, { from: peer, answered }: IqContext): undefined {
    const jingle = this.#read(element, peer);
    const jingleSession = this.#jingleSessions.get(sidKey(peer, jingle.sid));
    if (jingleSession) return this.#continue(jingleSession, jingle, answered);
    if (jingle.action !== 'session-initiate') throw stanzas.unknownSession();
    const [offered, ...others] = jingle.contents;
    if (!offered?.name) throw badRequest('initiate what?');
    if (this.#countOf(bareJid(peer)) >= MAX_JINGLE_SESSIONS_PER_ACCOUNT || !this.mayInitiate(peer))
      throw new StanzaError('wait', 'resource-constraint');
    const initiated = this.#add(peer, jingle.sid, 'responder', offered);
    // The choice of some contents would be a Jingle session that this program has no use for.
    const take = () =>
      others.length > 0 ? this.#refuseChoice(initiated) : this.#handOver(initiated);
    // The acknowledgement leaves first.
    setImmediate(() => tell(take, (error) => initiated.failed(error)));
    return undefined;
  }

  #handOver(initiated: JingleSession): void {
    if (initiated.isPending) this.onInitiate(initiated);
  }

  #read(element: Element, peer: string): stanzas.Jingle {
    try {
      return stanzas.readJingle(element);
    } catch (error) {
      const { sid = '', action } = element.attrs;
      this.#jingleSessions.get(sidKey(peer, sid))?.misunderstood(action, error as Error);
      throw error;
    }
  }

  #refuseChoice(initiated: JingleSession): void {
    void initiated.terminate(ONE_CONTENT);
    this.onRefused(initiated.peer, 'it has several contents, and a Jingle session is for one');
  }

  /**
   * §7.2.16: of two Jingle sessions with one sid ours stays. Offers of files that cross each other are about two files,
   * so that both go on.
   */
  #continue(
    jingleSession: JingleSession,
    jingle: stanzas.Jingle,
    answered: Promise<void>,
  ): undefined {
    const crossed = jingle.action === 'session-initiate' && jingleSession.role === 'initiator';
    if (crossed && jingleSession.isPending) throw stanzas.tieBreak();
    jingleSession.receive(jingle, answered);
    return undefined;
  }

  #add(peer: string, sid: string, role: stanzas.Role, offered: stanzas.Content): JingleSession {
    const jingleSession = new JingleSession(this.#session, peer, sid, role, offered);
    this.#session.ended.throwIfAborted();
    this.#jingleSessions.set(sidKey(peer, sid), jingleSession);
    jingleSession.ended.addEventListener('abort', () =>
      this.#jingleSessions.delete(sidKey(peer, sid)),
    );
    return jingleSession;
  }

  #countOf(account: string): number {
    return [...this.#jingleSessions.values()].filter(({ peer }) => bareJid(peer) === account)
      .length;
  }
}

const ONE_CONTENT: stanzas.Reason = {
  condition: 'failed-application',
  text: 'one content a Jingle session',
};
