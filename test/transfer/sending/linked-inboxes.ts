import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import type { StanzaSession } from '../../../src/session/stanza-session.js';
import type { Element } from '../../../src/session/xml.js';
import type { Report } from '../../../src/transfer/events.js';
import type { LaneWanted } from '../../../src/transfer/lane/lane.js';
import { Quotas } from '../../../src/transfer/quotas/quotas.js';
import { type ReceivingSealing, receiveOn } from '../../../src/transfer/receiving/daemon.js';
import type { Inbox } from '../../../src/transfer/receiving/inbox.js';
import type { Policy } from '../../../src/transfer/serving/policy.js';
import type { Source } from '../../../src/transfer/sources/source.js';
import { answering, type Service } from '../../protocol/socks5/server.js';
import { JULIET, linkedSessions, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { workFor } from '../../support/programs/work.js';
import { receivingBy, relationOf, standingOf } from '../../support/sealing.js';

interface Options<I extends Inbox> {
  /** Of Juliet's inbox. */
  places: number;
  /** Default: one in memory. */
  inbox?: I;
  /** Whom she lets know what is there. Default: everybody. */
  knows?: Policy;
  /** What she is told. */
  report?: Report;
  /** Told of each stanza on its way. */
  onStanza?: (stanza: Element) => void;
  /** Alters a stanza, or keeps it. */
  evil?: (stanza: Element) => Element | undefined;
  sealing?: ReceivingSealing;
  /** What her program goes by beside the stream. */
  lane?: LaneWanted;
  /** What is at the servers; without them nobody answers there. */
  services?: ReadonlyMap<string, Service>;
}

/**
 * Romeo's session, and Juliet's, who receives into an inbox. What they say to each other travels in half
 * trips: nothing arrives before it is asked to. Ends with the signal.
 */
export async function linkedToInbox<I extends Inbox = MemoryInbox>(
  {
    places,
    inbox = new MemoryInbox() as Inbox as I,
    knows = () => true,
    report = () => undefined,
    onStanza = () => undefined,
    evil = (stanza) => stanza,
    sealing = receivingBy(),
    lane,
    services,
  }: Options<I>,
  signal: AbortSignal,
) {
  let underWay: (() => void)[] = [];
  const servers =
    services && answering({ services, sessionOf: (jid) => (jid === ROMEO ? romeo : juliet) });
  const [romeo, juliet] = linkedSessions((stanza, deliver) => {
    onStanza(stanza);
    const { to } = stanza.attrs;
    if (servers && to && to !== ROMEO && to !== JULIET) return servers(stanza, deliver);
    // Her server knows no carbons.
    if (!stanza.attrs.to && stanza.is('iq')) answer(juliet, stanza);
    else {
      const altered = evil(stanza);
      if (altered) underWay.push(() => deliver(altered));
    }
  });
  /** Lets all that is under way arrive, and what it leads to start. */
  const halfTrip = async () => {
    await settled();
    const arriving = underWay;
    underWay = [];
    for (const deliver of arriving) deliver();
    await settled();
  };
  const ended = receiveOn(
    {
      session: juliet,
      admit: () => true,
      knows,
      standingOf,
      relationOf,
      mayLink: () => false,
      linkers: () => [],
      quotas: new Quotas(places),
    },
    new Map(),
    {
      ...{ inbox, registry: new HandlerRegistry(), once: false, signal },
      ...{ now: () => new Date(0), exitCodeOf: () => 1, report },
      work: workFor(inbox),
      ...{ sealing, lane },
    },
  );
  ended.catch(() => undefined); // the signal, or he has closed
  await halfTrip();
  return { romeo, inbox, halfTrip };
}

function answer(session: StanzaSession, { attrs: { id = '' } }: Element): void {
  const [account = ''] = session.jid.split('/');
  const error =
    '<error type="cancel"><feature-not-implemented xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>';
  setImmediate(() =>
    session.receive(
      parse(`<iq type="error" id="${id}" from="${account}" to="${session.jid}">${error}</iq>`),
    ),
  );
}

/** A file of these bytes that is read at once. */
export const smallFile = (name: string, bytes: Buffer): Source & { close(): Promise<void> } => ({
  ...{ name, size: bytes.length },
  read: async function* (offset) {
    if (offset < bytes.length) yield bytes.subarray(offset);
  },
  close: async () => undefined,
});
