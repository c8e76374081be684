import { type Element, xml } from './xml.js';

export const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

/** RFC 6120 §8.3.2: what the sender of the stanza may do about the error. */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

const TYPES = new Set<string>(['auth', 'cancel', 'continue', 'modify', 'wait']);

/** RFC 6120 §8.3.4: what a protocol says beside the condition. */
export interface SpecificCondition {
  name: string;
  xmlns: string;
}

/**
 * A stanza error (RFC 6120 §8.3): thrown by a handler to refuse a request, and
 * what `request` rejects with when the peer or a server refused ours.
 */
export class StanzaError extends Error {
  override readonly name = 'StanzaError';
  constructor(
    readonly type: StanzaErrorType,
    readonly condition: string,
    readonly text = '',
    readonly specific?: SpecificCondition,
  ) {
    super(text ? `${condition} (${text})` : condition);
  }

  toElement(): Element {
    return xml(
      'error',
      { type: this.type },
      xml(this.condition, { xmlns: NS_STANZAS }),
      this.text ? xml('text', { xmlns: NS_STANZAS }, this.text) : undefined,
      this.specific && xml(this.specific.name, { xmlns: this.specific.xmlns }),
    );
  }

  /** Reads the error of a stanza of type `error`; a peer may leave out any part of it. */
  static fromStanza(stanza: Element): StanzaError {
    const error = stanza.getChild('error');
    const children = error?.getChildElements();
    const conditions = children?.filter((child) => child.getNS() === NS_STANZAS);
    const condition = conditions?.find((child) => child.getName() !== 'text');
    const text = conditions?.find((child) => child.getName() === 'text');
    const type = error?.attrs.type ?? '';
    return new StanzaError(
      TYPES.has(type) ? (type as StanzaErrorType) : 'cancel',
      condition?.getName() ?? 'undefined-condition',
      text?.getText() ?? '',
      specificCondition(children),
    );
  }
}

function specificCondition(children: Element[] = []): SpecificCondition | undefined {
  const child = children.find((one) => one.getNS() !== NS_STANZAS);
  return child && { name: child.getName(), xmlns: child.getNS() ?? '' };
}
