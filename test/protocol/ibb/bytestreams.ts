import type { Readable } from 'node:stream';
import { afterEach } from '@jest/globals';
import type { Channel } from '../../../src/protocol/channel.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import {
  InBandBytestreams,
  type OpenOptions,
} from '../../../src/protocol/ibb/in-band-bytestreams.js';
import type { ServiceSettings } from '../../../src/protocol/ibb/settings.js';
import {
  data as dataElement,
  NS_IBB,
  type Open,
  open as openElement,
  readClose,
  readData,
  readOpen,
} from '../../../src/protocol/ibb/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, type StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import {
  type Intercept,
  JULIET,
  linkedSessions,
  parse,
  ROMEO,
} from '../../support/linked-sessions.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { Wire } from './wire.js';

export const TYBALT = 'tybalt@capulet.example/street';

export const data = (seq: number, text: string, sid = 's1') =>
  dataElement(sid, seq, Buffer.from(text));

const sessions: StanzaSession[] = [];

// Whatever a test left open would wait for its answers, and the process with it.
afterEach(() => {
  for (const session of sessions.splice(0)) session.end(new ConnectionLost('the test is over'));
});

function linked(intercept: Intercept): [StanzaSession, StanzaSession] {
  const both = linkedSessions(intercept);
  sessions.push(...both);
  return both;
}

/** Lets a channel fail that nobody looks after; the session of every one of them ends at last. */
export const unattended = <C extends Channel>(channel: C): C =>
  channel.on('error', () => undefined);

/** Ends our side of a bytestream when the peer's has been read to its end. */
export const endingWithPeer = <C extends Channel>(channel: C): C =>
  channel.once('end', () => channel.end());

/** Resolves to the next bytestream that a service accepts. */
export function acceptedBy(service: InBandBytestreams): Promise<Bytestream> {
  return new Promise((resolve) => {
    service.onBytestream = (stream) => resolve(unattended(stream));
  });
}

export interface PairOptions extends Partial<ServiceSettings> {
  intercept?: Intercept;
  /** Juliet expects it: it was announced elsewhere. */
  isAnnounced?: boolean;
  /** Her side is ended by the test. Else it ends with his. */
  halfOpen?: boolean;
}

/** Romeo and Juliet, each with the service; Juliet accepts one bytestream. */
export function pairOfServices({ intercept, ...settings }: PairOptions = {}) {
  const wire = new Wire();
  const clock = new ManualClock();
  const sessions = linked(wire.record(intercept));
  const [his, hers] = [new HandlerRegistry(), new HandlerRegistry()];
  const service = (session: StanzaSession, registry: HandlerRegistry) =>
    new InBandBytestreams(session, { window: 1, sessionLimit: 1, ...settings }, registry, clock);
  const [romeo, juliet] = [service(sessions[0], his), service(sessions[1], hers)];
  return { wire, clock, sessions, romeo, juliet, registry: hers };
}

/** A bytestream that Romeo has opened to Juliet: his end and hers. */
export async function pairOfBytestreams(
  { isAnnounced, halfOpen, ...options }: PairOptions = {},
  open: OpenOptions = {},
) {
  const services = pairOfServices(options);
  const accepted = isAnnounced ? services.juliet.expect(ROMEO, 's1') : acceptedBy(services.juliet);
  const his = await services.romeo.open(JULIET, { sid: 's1', ...open });
  const hers = await accepted;
  if (!halfOpen) endingWithPeer(hers);
  services.wire.lines.length = 0;
  return { ...services, his, hers };
}

/** Opens that Juliet got, answered by the script: an error, or nothing for "yes". */
export function opensToScript(answer: (open: Open, index: number) => StanzaError | undefined) {
  const [romeo, juliet] = linkedSessions();
  const opens: Open[] = [];
  juliet.handle('set', NS_IBB, 'open', (element) => {
    const refusal = answer(readOpen(element), opens.push(readOpen(element)) - 1);
    if (refusal) throw refusal;
    return undefined;
  });
  const registry = new HandlerRegistry();
  const service = new InBandBytestreams(romeo, {}, registry);
  const open = (options?: OpenOptions) => service.open(JULIET, options);
  return { romeo, juliet, service, registry, opens, open };
}

export interface ReceivedBlock {
  seq: number;
  bytes: Buffer | undefined;
  /** Milliseconds on the clock. */
  at: number;
}

type Outcome = StanzaError | 'taken' | 'silence';

/** Answers a block: takes it, refuses it, or leaves it without an answer. */
export type Answer = (
  seq: number,
  /** How many blocks came before, repeated ones too. */
  index: number,
) => Outcome | Promise<Outcome>;

/** A bytestream of Romeo's to a Juliet who answers its blocks by the script and remembers them. */
export async function bytestreamToScript(
  answer: Answer,
  settings: Partial<ServiceSettings> = {},
  clock = new ManualClock(),
) {
  const wire = new Wire();
  const [romeo, juliet] = linked(wire.record());
  const blocks: ReceivedBlock[] = [];
  juliet.handle('set', NS_IBB, 'open', () => undefined);
  juliet.handle('set', NS_IBB, 'close', (element) => {
    if (readClose(element) !== 's1') throw new StanzaError('cancel', 'item-not-found');
    return undefined;
  });
  juliet.handle('set', NS_IBB, 'data', async (element) => {
    const { seq, bytes } = readData(element);
    const outcome = await answer(seq, blocks.push({ seq, bytes, at: clock.now() }) - 1);
    if (outcome === 'silence') return new Promise(() => undefined);
    if (outcome !== 'taken') throw outcome;
    return undefined;
  });
  const service = new InBandBytestreams(romeo, { window: 1, ...settings }, undefined, clock);
  const stream = await service.open(JULIET, { sid: 's1' });
  wire.lines.length = 0;
  return { wire, clock, romeo, juliet, service, stream, blocks };
}

/** A Romeo who sends what the test says, to the service of Juliet. */
export function scriptToService(settings: Partial<ServiceSettings> = {}) {
  const wire = new Wire();
  const clock = new ManualClock();
  const toOthers: Element[] = [];
  const [romeo, juliet] = linked(
    wire.record((stanza, deliver) => {
      const { to } = stanza.attrs;
      if (to === ROMEO || to === JULIET) deliver(stanza);
      else toOthers.push(stanza);
    }),
  );
  const registry = new HandlerRegistry();
  const service = new InBandBytestreams(
    juliet,
    { window: 1, sessionLimit: 1, ...settings },
    registry,
    clock,
  );
  const streams: Bytestream[] = [];
  service.onBytestream = (stream) => streams.push(endingWithPeer(unattended(stream)));
  /** Sends a request and resolves to `taken`, or to what it was refused with. */
  const send = (element: Element) =>
    romeo.request('set', JULIET, element, { timeout: 1000 }).then(() => 'taken', describeError);
  /** The same for someone who is not Romeo. */
  const sendAs = async (from: string, element: Element) => {
    juliet.receive(parse(xml('iq', { type: 'set', id: 'x1', from }, element).toString()));
    await settled();
    const reply = toOthers.pop();
    if (reply?.attrs.to !== from) throw new Error(`no answer to ${from}`);
    return reply.attrs.type === 'error' ? describeError(StanzaError.fromStanza(reply)) : 'taken';
  };
  const open = async (options: Partial<Open> = {}) => {
    const element = openElement({ sid: 's1', blockSize: 4, stanza: 'iq', ...options });
    const answer = await send(element);
    await settled();
    return answer;
  };
  return { wire, clock, romeo, juliet, service, registry, streams, send, sendAs, open };
}

const describeError = (error: Error) =>
  error instanceof StanzaError ? `${error.condition}/${error.type}` : error.name;

/** Reads to the end, and leaves the other direction as it is. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The same, and lets the peer's close be acknowledged. */
export async function takeAll(channel: Channel): Promise<Buffer> {
  const bytes = await readAll(channel);
  channel.end();
  return bytes;
}

/** Bytes no two blocks of which are alike. */
export function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => index * 31 + (index >> 8) * 7));
}

/** Resolves to the error that a stream ends with; rejects when it ends without one. */
export function errorOf(stream: Channel): Promise<Error> {
  return new Promise((resolve, reject) => {
    stream.once('error', resolve);
    stream.once('close', () => reject(new Error('it ended without an error')));
  });
}

/** Notes whether something has happened to a stream. */
export function watch(stream: Channel, event: string) {
  const seen = { count: 0 };
  stream.on(event, () => {
    seen.count += 1;
  });
  return seen;
}
