import { setImmediate as turn } from 'node:timers/promises';
import { isJid } from '../../src/session/jid.js';
import { type Element, xml } from '../../src/session/xml.js';
import { parse } from '../support/linked-sessions.js';
import { acceptStanza, EndsStream, passedOn } from '../support/servers/strict-server.js';
import { Daemon } from './daemon.js';
import type { Random } from './random.js';
import { DAEMON, OWN } from './scenes.js';

/** Without the id. Published blobs and discovery are the longest; nothing else is ever echoed. */
const MAX_ANSWER_CHARACTERS = 4096;

/** As many as are printed when something is wrong. */
const HISTORY = 20;
const HISTORY_CHARACTERS = 2_000;

/** How many are almost as long as ids may be, and of what a server makes six characters each. */
const LONG_IDS = 0.002;
const LONG_ID = "'".repeat(1_000);

interface Question {
  id: string;
  from: string;
  payload: Element | undefined;
  answers: Element[];
}

/** The server between a daemon and all who write to it, as strict as a real one. Throws when the daemon does what it must not. */
export class FuzzServer {
  /** How much of what the daemon asks is refused, 0 to 1. */
  refusals = 0.15;
  /** How it writes what it passes on: as Prosody does, or with the prefixes that it came with, as ejabberd does. */
  passOn = (stanza: Element): string =>
    this.#random.chance(0.5) ? passedOn(stanza) : stanza.toString();
  readonly daemon = new Daemon((text) => this.#hear(text));
  readonly #random: Random;
  readonly #history: string[] = [];
  /** By sender and id, until `forget`. */
  readonly #questions = new Map<string, Question>();
  #wrong: Error | undefined;
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Sends a stanza in the name of a peer; one that is an address or `undefined` for the account itself. */
  send(stanza: Element, from: string | undefined, id = this.#newId()): string {
    stanza.attrs.id = id;
    if (from === undefined) delete stanza.attrs.from;
    else stanza.attrs.from = from;
    stanza.attrs.to = DAEMON;
    const { type } = stanza.attrs;
    const isQuestion = stanza.name === 'iq' && type !== 'result' && type !== 'error';
    if (isQuestion && (from === undefined || isJid(from))) {
      const [payload] = stanza.getChildElements();
      this.#questions.set(`${id} ${from ?? ''}`, { id, from: from ?? OWN, payload, answers: [] });
    }
    this.#write(this.passOn(stanza));
    return id;
  }

  /** Sends what may be no XML at all, and ends the stream. */
  breakStream(text: string): void {
    this.#note(text);
    this.daemon.readBroken(text);
  }

  /** Sends a request and resolves to the answer, which must come without further ado. */
  async ask(stanza: Element, from: string, ownId?: string): Promise<Element> {
    const id = this.send(stanza, from, ownId);
    await this.settle();
    const answer = this.#questions.get(`${id} ${from}`)?.answers[0];
    return answer ?? this.#fail(`no answer to ${stanza}`);
  }

  /** The requests with this payload that were granted, by their senders. */
  granted(xmlns: string, name: string): { from: string; payload: Element }[] {
    return [...this.#questions.values()].flatMap(({ from, payload, answers }) =>
      payload?.is(name, xmlns) && answers[0]?.attrs.type === 'result' ? [{ from, payload }] : [],
    );
  }

  /** Lets all happen that follows from what was sent. */
  async settle(turns = 60): Promise<void> {
    for (let count = 0; count < turns; count += 1) await turn();
    this.check();
  }

  check(): void {
    const [error] = this.daemon.errors;
    if (error) this.#fail(`the daemon stumbled: ${error.stack}`);
    if (this.#wrong) this.#fail(this.#wrong.message);
  }

  /** Each question has got one answer by now; none where its sender has used up its refusals. */
  forget(): void {
    for (const [key, { id, answers, payload }] of this.#questions) {
      const wanted = this.daemon.silenced.has(id) ? 0 : 1;
      if (answers.length === wanted) continue;
      this.#fail(`${answers.length} answers, not ${wanted}, to ${key} with ${payload}`);
    }
    this.#questions.clear();
    this.daemon.silenced.clear();
  }

  #newId(): string {
    this.#count += 1;
    return `q${this.#count}${this.#random.chance(LONG_IDS) ? LONG_ID : ''}`;
  }

  #write(text: string): void {
    this.#note(text);
    this.daemon.read(text);
  }

  #note(text: string): void {
    this.#history.push(text.slice(0, HISTORY_CHARACTERS));
    if (this.#history.length > HISTORY) this.#history.shift();
  }

  /** Ends the stream where a server would: nobody may bring the daemon to that. */
  #hear(text: string): void {
    try {
      acceptStanza(text);
    } catch (error) {
      if (!(error instanceof EndsStream)) throw error;
      this.#wrong ??= error;
      return;
    }
    const stanza = parse(text);
    const { type, id = '', to = '' } = stanza.attrs;
    if (stanza.name !== 'iq') return;
    if (type === 'get' || type === 'set') return this.#answer(stanza);
    this.#questions.get(`${id} ${to}`)?.answers.push(stanza);
    if (text.length - id.length > MAX_ANSWER_CHARACTERS)
      this.#wrong ??= new Error(`too long: ${text}`);
    if (text.includes('internal-server-error')) this.#wrong ??= new Error(text);
  }

  /** What the daemon asks is answered well, mostly; now and then by somebody else, too. */
  #answer({ attrs: { id, to } }: Element): void {
    const random = this.#random;
    const said = random.chance(this.refusals) ? 'error' : 'result';
    const condition = random.pick(['item-not-found', 'service-unavailable', 'bad-request']);
    const error = xml(
      'error',
      { type: random.pick(['cancel', 'wait', 'nonsense']) },
      xml(condition, { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }),
    );
    const iq = (from: string | undefined, type: string) =>
      xml('iq', { id, from, type, to: DAEMON }, type === 'error' ? error : undefined).toString();
    setImmediate(() => {
      if (random.chance(0.05)) this.#write(iq('forger@evil.example/x', said));
      this.#write(iq(to, to === undefined ? 'result' : said));
    });
  }

  #fail(what: string): never {
    throw new Error(`${what}\nafter:\n${this.#history.join('\n')}`);
  }
}
