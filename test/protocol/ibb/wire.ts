import { NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import { NS_JINGLE } from '../../../src/protocol/jingle/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import type { Element } from '../../../src/session/xml.js';
import type { Intercept } from '../../support/linked-sessions.js';

/** What went over the wire between linked sessions, as lines: `romeo: data 0`, `juliet: data 0 taken`. */
export class Wire {
  readonly lines: string[] = [];
  readonly #requests = new Map<string, string>();
  /** Of the bytestreams that were opened. */
  readonly #sids = new Set<string | undefined>(['s1']);

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
    const said = this.#describePayload(stanza);
    this.#requests.set(id, said);
    return said;
  }

  #describePayload(stanza: Element): string {
    const [payload] = stanza.getChildElements();
    if (payload?.is('jingle', NS_JINGLE)) return describeJingle(payload);
    if (payload?.is('query', NS_DISCO_INFO)) return 'query';
    if (payload?.getNS() !== NS_IBB) return stanza.toString();
    const { sid, seq } = payload.attrs;
    if (payload.name === 'data') return `data ${seq}`;
    // Of no bytestream that was opened: that is how one peer asks whether the other is there.
    if (payload.name === 'close') return this.#sids.has(sid) ? 'close' : 'are you there';
    this.#sids.add(sid);
    return `open ${payload.attrs['block-size']}`;
  }
}

/** The action, and what it is about: `session-info received`, `session-terminate success`. */
function describeJingle(jingle: Element): string {
  const [first] = jingle.getChildElements();
  const about = first?.name === 'reason' ? first.getChildElements()[0] : first;
  const named = about && about.name !== 'content' ? ` ${about.name}` : '';
  return `${jingle.attrs.action}${named}`;
}

/** `romeo`, `juliet`: whoever sent it. */
const nameOf = (stanza: Element) => stanza.attrs.from?.split('@')[0];
