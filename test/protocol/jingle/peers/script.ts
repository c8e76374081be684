import { NS_IBB } from '../../../../src/protocol/ibb/stanzas.js';
import { NS_JINGLE } from '../../../../src/protocol/jingle/stanzas.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import type { StanzaSession } from '../../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import { parse } from '../../../support/linked-sessions.js';

interface Request {
  id: string;
  element: Element;
  answer(error?: StanzaError): void;
}

/** One party of a talk, that behaves as it is written: each request is answered when the script gets there. */
export class Script {
  readonly #requests: Request[] = [];
  #isThere = true;
  #arrived: () => void = () => undefined;

  constructor(
    readonly session: StanzaSession,
    /** Full JID of the one that it talks to. */
    readonly peer: string,
  ) {
    for (const name of ['open', 'data', 'close']) this.#listen(NS_IBB, name);
    this.#listen(NS_JINGLE, 'jingle');
  }

  /** Waits for the next request, which is to be this one: a Jingle action, or an element of a bytestream. */
  async next(name: string): Promise<Request> {
    const request = await this.nextOfAll();
    const found = request.element.attrs.action ?? request.element.name;
    if (found !== name) throw new Error(`heard ${found} where ${name} was expected`);
    return request;
  }

  /** Waits for the next request, whatever it is, and acknowledges it. */
  async hearsAny(): Promise<Element> {
    const { element, answer } = await this.nextOfAll();
    answer();
    return element;
  }

  /** Waits for the next request, whatever it is. */
  async nextOfAll(): Promise<Request> {
    while (this.#requests.length === 0) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    return this.#requests.shift() as Request;
  }

  /** The same, acknowledged. */
  async hears(name: string): Promise<Element> {
    const { element, answer } = await this.next(name);
    answer();
    return element;
  }

  /** The same, refused. */
  async refuses(
    name: string,
    ...error: ConstructorParameters<typeof StanzaError>
  ): Promise<Element> {
    const { element, answer } = await this.next(name);
    answer(new StanzaError(...error));
    return element;
  }

  /** From here on it knows neither session nor bytestream. */
  leaves(): void {
    this.#isThere = false;
    for (const { answer } of this.#requests.splice(0)) answer(UNKNOWN);
  }

  /** Sends a request; resolves when it is acknowledged, rejects with `StanzaError`. */
  async says(text: string): Promise<void> {
    await this.session.request('set', this.peer, parse(text), { timeout: 2000 });
  }

  /** Sends an error that nobody waits for. */
  async sendsError(id: string, ...error: ConstructorParameters<typeof StanzaError>): Promise<void> {
    const element = new StanzaError(...error).toElement();
    await this.session.send(xml('iq', { type: 'error', to: this.peer, id }, element));
  }

  #listen(xmlns: string, name: string): void {
    this.session.handle('set', xmlns, name, async (element, { id }) => {
      await new Promise<void>((resolve, reject) => {
        if (!this.#isThere) return reject(UNKNOWN);
        const answer = (error?: StanzaError) => (error ? reject(error) : resolve());
        this.#requests.push({ id, element, answer });
        this.#arrived();
      });
      return undefined;
    });
  }
}

const UNKNOWN = new StanzaError('cancel', 'item-not-found');

/** The blocks of a file, as the elements of a bytestream. */
export function blocks(sid: string, bytes: Buffer, blockSize: number): string[] {
  const count = Math.ceil(bytes.length / blockSize);
  return Array.from({ length: count }, (_, seq) => {
    const block = bytes.subarray(seq * blockSize, (seq + 1) * blockSize);
    return `<data xmlns='${NS_IBB}' sid='${sid}' seq='${seq}'>${block.toString('base64')}</data>`;
  });
}

/** The bytes of a block. */
export const bytesOf = (data: Element): Buffer => Buffer.from(data.getText(), 'base64');

/** What an offer says of its file and its bytestream. */
export function readOffer(initiate: Element) {
  const content = initiate.getChild('content');
  const description = content?.getChild('description');
  const transport = content?.getChild('transport');
  const file = description?.getChild('file');
  if (!content || !description || !transport || !file) throw new Error('not an offer of a file');
  return {
    sid: initiate.attrs.sid ?? '',
    content,
    description,
    file,
    name: file.getChild('name')?.getText(),
    size: Number(file.getChild('size')?.getText() ?? Number.NaN),
    transport: transport.attrs as { sid: string; 'block-size': string; stanza?: string },
  };
}
