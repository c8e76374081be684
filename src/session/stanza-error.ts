import { type Element, xml } from './xml.js';

const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

/** RFC 6120 §8.3.2: what the sender of the stanza may do about the error. */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

const TYPES = new Set<string>(['auth', 'cancel', 'continue', 'modify', 'wait']);

/** RFC 6120 §8.3.3, and one of RFC 3920. */
const CONDITIONS = new Set([
  ...['bad-request', 'conflict', 'feature-not-implemented', 'forbidden', 'gone'],
  ...['internal-server-error', 'item-not-found', 'jid-malformed', 'not-acceptable', 'not-allowed'],
  ...['not-authorized', 'payment-required', 'policy-violation', 'recipient-unavailable'],
  ...['redirect', 'registration-required', 'remote-server-not-found', 'remote-server-timeout'],
  ...['resource-constraint', 'service-unavailable', 'subscription-required'],
  ...['undefined-condition', 'unexpected-request'],
]);

/** How much of what a peer says is kept, in characters. */
const MAX_TEXT_LENGTH = 500;
const MAX_NAME_LENGTH = 100;

/** RFC 6120 §8.3.4: what a protocol says beside the condition. */
export interface SpecificCondition {
  /** The name of its element. */
  name: string;
  /** The namespace of its element. */
  xmlns: string;
}

/**
 * A stanza error (RFC 6120 §8.3): thrown by a handler to refuse a request, and
 * what `request` rejects with when the peer or a server refused ours.
 */
export class StanzaError extends Error {
  override readonly name = 'StanzaError';
  /** A handler throws it without `from`. */
  constructor(
    /** What the sender of the stanza may do about it. */
    readonly type: StanzaErrorType,
    /** RFC 6120 §8.3.3: such as `item-not-found`. */
    readonly condition: string,
    /** In words for people, at most 500 characters of a peer's; empty: none. */
    readonly text = '',
    /** What a protocol says beside the condition. */
    readonly specific?: SpecificCondition,
    /** The sender of the answer, as the server has stamped it. */
    readonly from?: string,
  ) {
    super(text ? `${condition} (${text})` : condition);
  }

  /** `<error/>`, as it travels in a stanza. */
  toElement(): Element {
    return xml(
      'error',
      { type: this.type },
      xml(this.condition, { xmlns: NS_STANZAS }),
      this.text ? xml('text', { xmlns: NS_STANZAS }, this.text) : undefined,
      this.specific && xml(this.specific.name, { xmlns: this.specific.xmlns }),
    );
  }

  /** Reads the error of a stanza of type `error`. A peer may leave out any part of it, or make it of any length. */
  static fromStanza(stanza: Element): StanzaError {
    const error = stanza.getChild('error');
    const children = error?.getChildElements();
    const conditions = children?.filter((child) => child.getNS() === NS_STANZAS);
    const condition = conditions?.find((child) => child.getName() !== 'text')?.getName() ?? '';
    const text = conditions?.find((child) => child.getName() === 'text');
    const type = error?.attrs.type ?? '';
    return new StanzaError(
      TYPES.has(type) ? (type as StanzaErrorType) : 'cancel',
      CONDITIONS.has(condition) ? condition : 'undefined-condition',
      text?.getText().slice(0, MAX_TEXT_LENGTH) ?? '',
      specificCondition(children),
      stanza.attrs.from,
    );
  }
}

function specificCondition(children: Element[] = []): SpecificCondition | undefined {
  const child = children.find((one) => one.getNS() !== NS_STANZAS);
  const [name, xmlns] = [child?.getName() ?? '', child?.getNS() ?? ''];
  const isLong = name.length > MAX_NAME_LENGTH || xmlns.length > MAX_NAME_LENGTH;
  return child && !isLong ? { name, xmlns } : undefined;
}
