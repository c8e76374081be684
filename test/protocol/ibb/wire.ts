import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import type { Element } from '../../../src/session/xml.js';
import type { Intercept } from '../../support/linked-sessions.js';

/** What went over the wire between linked sessions, as lines: `romeo: data 0`, `juliet: data 0 taken`. */
export class Wire {
  readonly lines: string[] = [];
  readonly #requests = new Map<string, string>();

  /** Records each stanza, and lets `intercept` decide what becomes of it. */
  record(intercept: Intercept = (stanza, deliver) => deliver(stanza)): Intercept {
    return (stanza, deliver) => {
      this.lines.push(`${nameOf(stanza)}: ${this.#describe(stanza)}`);
      intercept(stanza, deliver);
    };
  }

  /** The lines that say this, or match it. */
  find(what: string | RegExp): string[] {
    return this.lines.filter((line) =>
      typeof what === 'string' ? line === what : what.test(line),
    );
  }

  #describe(stanza: Element): string {
    const { id = '', type } = stanza.attrs;
    const asked = this.#requests.get(id);
    if (type === 'result') return `${asked} taken`;
    if (type === 'error') {
      const error = StanzaError.fromStanza(stanza);
      return `${asked} refused, ${error.condition}/${error.type}`;
    }
    const said = describePayload(stanza);
    this.#requests.set(id, said);
    return said;
  }
}

function describePayload(stanza: Element): string {
  const [payload] = stanza.getChildElements();
  if (payload?.getNS() !== NS_IBB) return stanza.toString();
  if (payload.name === 'open') return `open ${payload.attrs['block-size']}`;
  if (payload.name === 'data') return `data ${payload.attrs.seq}`;
  // Of no bytestream that is open: that is how one peer asks whether the other is there.
  return payload.attrs.sid === 's1' ? 'close' : 'are you there';
}

/** `romeo`, `juliet`: whoever sent it. */
const nameOf = (stanza: Element) => stanza.attrs.from?.split('@')[0];
