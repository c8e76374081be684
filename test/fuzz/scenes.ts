// What peers say when they mean well: every kind of stanza that the services take, in an order that makes sense.
import { createHash } from 'node:crypto';
import { contentIdOf } from '../../src/protocol/bob/content-id.js';
import * as bob from '../../src/protocol/bob/stanzas.js';
import * as ibb from '../../src/protocol/ibb/stanzas.js';
import { checksum, description } from '../../src/protocol/jingle/file-description.js';
import * as jingle from '../../src/protocol/jingle/stanzas.js';
import { transport } from '../../src/protocol/jingle/transports/ibb-stanzas.js';
import * as s5b from '../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import { caps } from '../../src/protocol/presence/caps.js';
import { available } from '../../src/protocol/presence/presence.js';
import * as si from '../../src/protocol/si/stanzas.js';
import { type Element, xml } from '../../src/session/xml.js';
import type { Random } from './random.js';

export const DAEMON = 'daemon@localhost/inband';
export const OWN = 'daemon@localhost';
/** What the daemon gives out. */
export const PUBLISHED = Buffer.from('a published blob');

type Scene = (random: Random) => Element[];

const iq = (type: string, payload?: Element) => xml('iq', { type }, payload);
const set = (payload: Element) => iq('set', payload);
const get = (payload: Element) => iq('get', payload);
const message = (attrs: Record<string, string>, ...children: Element[]) =>
  xml('message', attrs, ...children);

const NS_MESSAGE = 'urn:xmpp:jingle-message:0';
const NS_CARBONS = 'urn:xmpp:carbons:2';
const NS_FORWARD = 'urn:xmpp:forward:0';
const NS_SM = 'urn:xmpp:sm:3';

interface Content {
  sid: string;
  blocks: Buffer[];
  size: number;
}

/** Never empty: two offers of the same bytes by the same person would wait for each other. */
function content(random: Random): Content {
  const blocks = Array.from({ length: 1 + random.below(4) }, () =>
    random.bytes(1 + random.below(64)),
  );
  const size = blocks.reduce((sum, { length }) => sum + length, 0);
  return { sid: random.hex(8), blocks, size };
}

function bytestream({ sid, blocks }: Content, stanza: ibb.StanzaMode, wrap: typeof set): Element[] {
  return [
    set(ibb.open({ sid, blockSize: 64, stanza })),
    ...blocks.map((bytes, seq) => wrap(ibb.data(sid, seq, bytes))),
    set(ibb.close(sid)),
  ];
}

const bare: Scene = (random) => bytestream(content(random), 'iq', set);

const inMessages: Scene = (random) =>
  bytestream(content(random), 'message', (data) => message({}, data));

const offered = (random: Random, { blocks, size }: Content) => {
  const digest = createHash('sha256').update(Buffer.concat(blocks)).digest();
  const hashes = random.chance(0.5) ? { hashes: new Map([['sha-256', digest]]) } : {};
  return { digest, file: { name: `${random.hex(4)}.bin`, size, ...hashes } };
};

const CONTENT = { creator: 'initiator', name: 'file', senders: 'initiator' } as const;

const jingleFile: Scene = (random) => {
  const stream = content(random);
  const sid = random.hex(8);
  const { digest, file } = offered(random, stream);
  const open = { sid: stream.sid, blockSize: 64, stanza: 'iq' } as const;
  const act = (action: jingle.Action, ...children: Element[]) =>
    set(jingle.jingle(action, sid, {}, ...children));
  const other = { ...open, sid: random.hex(8) };
  const more = [
    act('transport-replace', jingle.content(CONTENT, transport(other))),
    act('transport-info', jingle.content(CONTENT, transport(open))),
    act('content-add', jingle.content({ ...CONTENT, name: 'two' }, transport(other))),
    act('content-remove', jingle.content(CONTENT)),
    act('session-info'),
    act('session-accept', jingle.content(CONTENT, description(file), transport(open))),
    act('security-info', jingle.content(CONTENT)),
  ];
  return [
    act(
      'session-initiate',
      jingle.content(CONTENT, description(file, { offset: 0 }), transport(open)),
    ),
    ...(random.chance(0.4) ? [random.pick(more)] : []),
    ...bytestream(stream, 'iq', set),
    act('session-info', checksum(CONTENT, new Map([['sha-256', digest]]))),
    act('session-terminate', jingle.reason({ condition: 'success', text: 'done' })),
  ];
};

const TYPES = ['direct', 'assisted', 'tunnel', 'proxy'] as const;

/** Bytes that are to go beside the stream, and go inside of it in the end. */
const besideStream: Scene = (random) => {
  const stream = content(random);
  const [sid, way] = [random.hex(8), random.hex(8)];
  const { file } = offered(random, stream);
  const act = (action: jingle.Action, ...children: Element[]) =>
    set(jingle.jingle(action, sid, {}, ...children));
  const candidates = Array.from({ length: random.below(4) }, () => ({
    ...{ cid: random.hex(4), jid: 'proxy.friends.example', priority: random.below(9_000_000) },
    host: random.pick(['9.9.9.9', '127.0.0.1', '::1', 'proxy.friends.example']),
    ...{ port: 1 + random.below(65_535), type: random.pick(TYPES) },
  }));
  const offer = s5b.transport({ sid: way, candidates }, random.hex(20));
  const cid = random.hex(4);
  const told = random.pick<s5b.News>([
    { said: 'candidate-error' },
    { said: 'proxy-error' },
    { said: 'candidate-used', cid },
    { said: 'activated', cid },
  ]);
  const open = { sid: stream.sid, blockSize: 64, stanza: 'iq' } as const;
  return [
    act('session-initiate', jingle.content(CONTENT, description(file, { offset: 0 }), offer)),
    act('transport-info', jingle.content(CONTENT, s5b.news(way, told))),
    act('transport-replace', jingle.content(CONTENT, transport(open))),
    ...bytestream(stream, 'iq', set),
    act('session-terminate', jingle.reason({ condition: 'success' })),
  ];
};

const siFile: Scene = (random) => {
  const stream = content(random);
  const { file } = offered(random, stream);
  return [set(si.offer(stream.sid, file)), ...bytestream(stream, 'iq', set)];
};

const blobs: Scene = (random) => {
  const own = contentIdOf(PUBLISHED, 'sha-256');
  const bytes = random.bytes(20);
  const cid = contentIdOf(bytes, random.pick(['sha1', 'sha-256']));
  const data = () => bob.blobElement({ cid, type: 'image/png', maxAge: 60, bytes });
  return [
    get(bob.request(own)),
    get(bob.request(random.pick([cid, `cid:${own}`, 'odd@bob.xmpp.org']))),
    iq('result', data()),
    message({ type: 'chat' }, data(), xml('body', {}, 'look')),
    xml('presence', {}, data()),
  ];
};

const INFO = { identity: { category: 'client', type: 'pc', name: 'x' }, features: ['a', 'b'] };

const questions: Scene = (random) => [
  get(xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' })),
  get(xml('query', { xmlns: 'http://jabber.org/protocol/disco#info', node: random.hex(4) })),
  get(xml('query', { xmlns: 'http://jabber.org/protocol/disco#items' })),
  get(xml('query', { xmlns: 'jabber:iq:version' })),
  get(xml('ping', { xmlns: 'urn:xmpp:ping' })),
  available(caps(INFO)),
  xml('presence', { type: random.pick(['unavailable', 'subscribe', 'probe', 'error']) }),
];

/** The server's, when nothing is wrong with its sender. */
const pushes: Scene = (random) => {
  const subscription = random.pick(['both', 'from', 'to', 'none', 'remove']);
  const item = xml('item', { jid: `friend${random.below(20)}@else.example`, subscription });
  return [set(xml('query', { xmlns: 'jabber:iq:roster' }, item))];
};

const proposals: Scene = (random) => {
  const id = random.hex(8);
  const file = xml('description', { xmlns: 'urn:xmpp:jingle:apps:file-transfer:5' });
  const about = (name: string, ...children: Element[]) =>
    xml(name, { xmlns: NS_MESSAGE, id }, ...children);
  const carried = xml(
    'message',
    { xmlns: 'jabber:client', from: 'pal@friends.example/x', to: OWN },
    about('propose', file),
  );
  const forwarded = xml('forwarded', { xmlns: NS_FORWARD }, carried);
  return [
    message({ type: 'chat' }, about('propose', file)),
    message({ type: 'chat' }, about('retract')),
    message({ type: 'chat' }, about(random.pick(['proceed', 'reject', 'ringing']))),
    message({ type: 'chat' }, xml('received', { xmlns: NS_CARBONS }, forwarded)),
    message({ type: 'chat' }, xml('sent', { xmlns: NS_CARBONS }, forwarded)),
  ];
};

const talk: Scene = (random) => [
  message({ type: 'chat' }, xml('body', {}, 'hello')),
  message(
    { type: random.pick(['groupchat', 'headline', 'error', 'normal']) },
    xml('body', {}, 'x'),
  ),
  message(
    {},
    ibb.data(random.hex(8), 0, random.bytes(8)),
    xml('delay', { xmlns: 'urn:xmpp:delay' }),
  ),
];

const management: Scene = (random) => [
  xml('r', { xmlns: NS_SM }),
  xml('a', { xmlns: NS_SM, h: random.below(2 ** 32) }),
  xml(random.pick(['enabled', 'resumed', 'failed']), { xmlns: NS_SM, h: 1, previd: 'x', id: 'x' }),
];

/** With how often each comes. */
const SCENES: readonly Scene[] = [
  ...[bare, bare, inMessages, jingleFile, jingleFile, besideStream, siFile, siFile, blobs],
  ...[questions, pushes, proposals, talk, management],
];

export const scene: Scene = (random) => random.pick(SCENES)(random);
