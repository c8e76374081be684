import {
  ConnectionLost,
  StanzaSession,
  type StanzaSessionOptions,
} from '../../src/session/stanza-session.js';
import { StreamParser } from '../../src/session/stream/parser.js';
import { serialize } from '../../src/session/stream/serialize.js';
import type { Element } from '../../src/session/xml.js';
import { acceptStanza, passedOn } from './servers/strict-server.js';

export const ROMEO = 'romeo@montague.example/orchard';
export const JULIET = 'juliet@capulet.example/balcony';

/**
 * Sees every stanza on its way, with its sender stamped, and decides what arrives: it calls
 * `deliver` not at all, later, twice, or with another stanza.
 */
export type Intercept = (stanza: Element, deliver: (stanza: Element) => void) => void;

/**
 * Two sessions that talk through text, as it would be written, and the real parser, as through a server without delay:
 * it is as strict as a real one, and expands what it passes on as Prosody does.
 */
export function linkedSessions(
  intercept: Intercept = (stanza, deliver) => deliver(stanza),
  options: StanzaSessionOptions = {},
): [StanzaSession, StanzaSession] {
  const romeo: StanzaSession = endpoint(ROMEO, () => juliet, intercept, options);
  const juliet: StanzaSession = endpoint(JULIET, () => romeo, intercept, options);
  return [romeo, juliet];
}

function endpoint(
  jid: string,
  other: () => StanzaSession,
  intercept: Intercept,
  options: StanzaSessionOptions,
): StanzaSession {
  const deliver = (stanza: Element) => {
    const parsed = parse(passedOn(stanza));
    setImmediate(() => other().receive(parsed));
  };
  const transport = {
    write: async (stanza: Element) => {
      const text = serialize(stanza, options.maxStanzaBytes);
      acceptStanza(text);
      const stamped = parse(text);
      stamped.attrs.from = jid;
      intercept(stamped, deliver);
    },
    close: async () => other().end(new ConnectionLost('the other side closed')),
  };
  return new StanzaSession(jid, transport, options);
}

/** Reads one stanza as it would come off the wire. */
export function parse(text: string): Element {
  const parser = new StreamParser();
  let element: Element | undefined;
  parser.on('element', (found: Element) => {
    element ??= found;
  });
  parser.write(
    `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>${text}`,
  );
  if (!element) throw new Error(`not one stanza: ${text}`);
  return element;
}
