import type { Element } from '../xml.js';

/** The stream errors (RFC 6120 §4.9.3) that say nothing against coming back. */
const TRANSIENT = new Set([
  'connection-timeout',
  'internal-server-error',
  'remote-connection-failed',
  'reset',
  'resource-constraint',
  'system-shutdown',
]);

/** Stream errors that have nothing to do with what was sent. */
const ITS_OWN = new Set(['host-gone', 'reset', 'see-other-host', 'system-shutdown']);

/** How much of what the server says is shown, in characters. */
const MAX_LENGTH = 500;

/** DNS has at most 255, and a port follows. */
const MAX_HOST = 262;
const MAX_URI = 500;

/** The server ended the stream (RFC 6120 §4.9). */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  /** As in RFC 6120 §4.9.3, such as `conflict`. */
  readonly condition: string;

  // Nobody is advised to follow what a server says that host-meta alone names: see `XmppStream`.
  constructor(element: Element, { isDelegated = false } = {}) {
    const [first] = element.getChildElements();
    const condition = first?.getName().slice(0, MAX_LENGTH) ?? 'undefined-condition';
    const text = element.getChild('text')?.getText().slice(0, MAX_LENGTH);
    const place = condition === 'see-other-host' ? (first?.getText() ?? '') : undefined;
    const detail = place === undefined ? text : elsewhere(place, isDelegated);
    super(`the server ended the stream: ${condition}${detail ? ` (${detail})` : ''}`);
    this.condition = condition;
  }

  /** Whether another try may fare better. */
  get transient(): boolean {
    return TRANSIENT.has(this.condition);
  }

  /** The server ends, or looks after its host: whatever was sent to it. */
  get isItsOwn(): boolean {
    return ITS_OWN.has(this.condition);
  }

  /** §4.9.3.14: it broke a rule of the server's own, such as the size of a stanza. */
  get isAgainstPolicy(): boolean {
    return this.condition === 'policy-violation';
  }
}

/** §4.9.3.19: it is not followed, for whoever sent it may not be the account's server. */
function elsewhere(place: string, isDelegated: boolean): string {
  if (!place) return 'it names none';
  // RFC 7395 §3.6.1 has a URI in place of a host.
  const [scheme, most] = place.includes('://') ? ['', MAX_URI] : ['xmpp://', MAX_HOST];
  const shown = place.slice(0, most);
  const says = `it says to use ${shown}`;
  return isDelegated ? says : `${says}; if you trust that, give --service ${scheme}${shown}`;
}
