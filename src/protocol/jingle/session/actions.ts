// What a peer may do in a Jingle session after it was initiated (XEP-0166 §7.2).
import { tell } from '../../../session/given/callbacks.js';
import type { Element } from '../../../session/xml.js';
import { badRequest } from '../../conditions.js';
import {
  type Action,
  type Content,
  content,
  type Jingle,
  outOfOrder,
  type Reason,
  type Role,
  refusedTransport,
  unsupportedInfo,
} from '../stanzas.js';
import { JingleEnded } from './jingle-ended.js';
import type { Replacement } from './replacement.js';

/** What an application does with the actions of its peer. Throws `StanzaError` to refuse one. */
export interface JingleHandlers {
  /** What is made of the reason for which the peer ends the session. Absent: it is believed. */
  believed?(reason: Reason): Reason;
  /** Our offer was accepted, with this content. Initiators only. */
  accepted?(content: Content): void;
  /** §6.9 */
  informed?(info: Element): void;
  /** The peer has asked whether the session is there still (§6.9), by which it shows that it is. */
  pinged?(): void;
  /** What a `transport-info` says. Absent where nobody takes any. */
  transportInformed?(transport: Element): void;
  /**
   * The peer wants another transport (§7.2.15). Returns what sends the `transport-accept`, which is done when the peer
   * has heard that it was understood; nothing where it is refused.
   */
  replaced?(transport: Element): (() => Promise<void>) | undefined;
}

/** The Jingle session in which a peer acts. */
export interface ActingJingleSession {
  readonly handlers: JingleHandlers;
  readonly replacement: Replacement;
  readonly role: Role;
  readonly content: Content;
  readonly isPending: boolean;
  /** The peer has accepted our offer. */
  activate(): void;
  misunderstood(action: Action, error: Error): void;
  /** A fault of ours: it ends the Jingle session, and is reported. */
  failed(error: Error): void;
  end(error: Error): void;
  terminate(why: Reason, error?: Error): Promise<void>;
  send(action: Action, ...children: Element[]): Promise<void>;
  sendContents(action: Action, contents: Element[]): Promise<void>;
}

type Take = (jingleSession: ActingJingleSession, jingle: Jingle, answered: Promise<void>) => void;

/** Takes an action of the peer's; `answered`: see `IqContext`. Throws `StanzaError`. */
export const takeAction: Take = (jingleSession, jingle, answered) => {
  const { action } = jingle;
  const take = TAKES[action];
  if (take) return take(jingleSession, jingle, answered);
  if (action.endsWith('-info') || action === 'content-modify') throw unsupportedInfo();
  // Answers to what was never sent; and an initiate for what is there already.
  throw outOfOrder();
};

type Failing = Pick<ActingJingleSession, 'failed'>;

/** Acts when the peer's action has been acknowledged; nobody waits for it. */
export function later(jingleSession: Failing, act: () => Promise<void>): void {
  setImmediate(() => unwaited(jingleSession, act));
}

/**
 * What becomes of it shows in what the peer does next. What is thrown before there is anything to wait for is a fault
 * of ours, behind which nobody else is who could catch it.
 */
function unwaited(jingleSession: Failing, act: () => Promise<void>): void {
  const begin = () => void act().catch(() => undefined);
  tell(begin, (error) => jingleSession.failed(error));
}

const CANCEL: Reason = { condition: 'cancel' };

const endedBy = ({ handlers }: ActingJingleSession, reason: Reason): JingleEnded =>
  new JingleEnded(handlers.believed?.(reason) ?? reason, false);

const terminated: Take = (jingleSession, { reason = { condition: 'general-error' } }) =>
  jingleSession.end(endedBy(jingleSession, reason));

const accepted: Take = (jingleSession, { contents }) => {
  if (jingleSession.role !== 'initiator' || !jingleSession.isPending) throw outOfOrder();
  try {
    const [accepted, ...others] = contents;
    if (!accepted || others.length > 0 || accepted.name !== jingleSession.content.name) {
      throw badRequest('accept what was offered');
    }
    jingleSession.handlers.accepted?.(accepted);
  } catch (error) {
    jingleSession.misunderstood('session-accept', error as Error);
    throw error;
  }
  jingleSession.activate();
};

const informed: Take = ({ handlers }, { info }) => {
  if (!info) return handlers.pinged?.();
  if (!handlers.informed) throw unsupportedInfo();
  handlers.informed(info);
};

const transportInformed: Take = ({ handlers }, { contents }) => {
  const transport = contents[0]?.transport;
  if (!transport || !handlers.transportInformed) throw unsupportedInfo();
  handlers.transportInformed(transport);
};

const replaced: Take = (jingleSession, { contents }, answered) => {
  jingleSession.replacement.checkTie();
  const transport = contents[0]?.transport;
  if (!transport) throw badRequest('replace it by what?');
  const accept = jingleSession.handlers.replaced?.(transport);
  jingleSession.replacement.overruled();
  const reject = () => jingleSession.send('transport-reject', refusedTransport(transport));
  // With the answer, and not behind it: a server that writes with Nagle's algorithm, as Prosody does, would hold it back
  // for another round trip.
  void answered.then(() => unwaited(jingleSession, accept ?? reject));
};

/** A Jingle session has one content here. */
const contentAdded: Take = (jingleSession, { contents }) =>
  later(jingleSession, () =>
    jingleSession.sendContents(
      'content-reject',
      contents.map((added) => content(added)),
    ),
  );

/** §7.2.5: a Jingle session without contents is void. Psi tells so that a hash is wrong, and why is the peer's. */
const contentRemoved: Take = (jingleSession, { reason = CANCEL }) => {
  // Nobody ends a transfer well in this way.
  const why = reason.condition === 'success' ? CANCEL : reason;
  later(jingleSession, () => jingleSession.terminate(CANCEL, endedBy(jingleSession, why)));
};

const TAKES: Partial<Record<Action, Take>> = {
  'session-terminate': terminated,
  'session-accept': accepted,
  'session-info': informed,
  'transport-info': transportInformed,
  'transport-replace': replaced,
  'transport-accept': ({ replacement }, { contents }) =>
    replacement.accepted(contents[0]?.transport),
  'transport-reject': ({ replacement }) => replacement.rejected(),
  'content-add': contentAdded,
  'content-remove': contentRemoved,
};
