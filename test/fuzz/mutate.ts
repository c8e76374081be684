import { Base64, type Element, xml } from '../../src/session/xml.js';
import { hostileNames } from '../storage/hostile-names.js';
import type { Random } from './random.js';

const NAMESPACES = [
  'jabber:client',
  'http://jabber.org/protocol/ibb',
  'urn:xmpp:bob',
  'urn:xmpp:jingle:1',
  'urn:xmpp:jingle:transports:ibb:1',
  'http://jabber.org/protocol/si',
  'urn:xmpp:forward:0',
  '',
];

const NAMES = [
  'open',
  'data',
  'close',
  'jingle',
  'content',
  'file',
  'si',
  'iq',
  'error',
  '__proto__',
];

/** What has upset programs before: numbers at their edges, words that objects have already, text of all kinds. */
const VALUES = [
  ...['', ' ', '0', '-1', '1', '65535', '65536', '4294967296', '1e99', 'NaN', '0x10', '٣', '1.5'],
  ...['9007199254740992', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null'],
  ...['set', 'get', 'result', 'error', 'message', 'iq', 'responder', 'both', 'groupchat'],
  ...[
    'a@b/c',
    '@',
    '/',
    'a@',
    '<>&"\'',
    '\u202e\ufffe',
    '\ud83d\ude00'.repeat(50),
    'x'.repeat(2000),
  ],
  ...['QQ==', 'QUI*', 'QUJ', '====', 'sha-256+00@bob.xmpp.org', '../../etc@bob.xmpp.org'],
  ...['2026-11-20T00:00:00Z', '-271821-04-20T00:00:00Z', '99999-99-99'],
  ...hostileNames.filter((name) => !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/.test(name)).slice(0, 100),
];

type Mutation = (element: Element, random: Random, other: Element) => void;

const setAttribute: Mutation = (element, random) => {
  const names = [...Object.keys(element.attrs), 'sid', 'seq', 'block-size', 'xmlns', 'node', 'cid'];
  const name = random.pick(names);
  element.attrs[name] = random.pick(name === 'xmlns' ? NAMESPACES : VALUES);
};

const dropAttribute: Mutation = (element, random) => {
  const names = Object.keys(element.attrs);
  if (names.length > 0) delete element.attrs[random.pick(names)];
};

const dropChild: Mutation = ({ children }, random) => {
  children.splice(random.below(children.length + 1), 1);
};

const repeatChild: Mutation = ({ children }, random) => {
  const child = random.pick(children);
  if (child === undefined) return;
  const times = random.chance(0.05) ? 40 : 1 + random.below(3);
  for (let count = 0; count < times; count += 1) children.push(child);
};

const swapChildren: Mutation = ({ children }) => {
  children.reverse();
};

const setText: Mutation = (element, random) => {
  element.children.splice(0, element.children.length, random.pick(VALUES));
};

const adopt: Mutation = (element, random, other) => {
  element.children.push(copy(random.pick(all(other))));
};

const rename: Mutation = (element, random) => {
  const children = [...element.children];
  const renamed = xml(random.pick(NAMES), element.attrs);
  element.children.splice(0, element.children.length, renamed);
  renamed.children.push(...children);
};

const nest: Mutation = (element, random) => {
  let inner = xml('deep');
  for (let depth = random.below(60); depth > 0; depth -= 1) inner = xml('deep', {}, inner);
  element.children.push(inner);
};

/** Of the longest that servers take, and longer when it is passed on. */
const LONG = ["'".repeat(46_000), '>'.repeat(200_000), '\u0301'.repeat(100_000)];
const FAR = 'n'.repeat(5_000);
/** Long ones cost the fuzzer's time, and need not come often. */
const RARELY = 0.02;

const lengthen: Mutation = (element, random) => {
  if (!random.chance(RARELY)) return;
  const name = random.pick([...Object.keys(element.attrs), 'id', 'name', 'sid']);
  if (random.chance(0.5)) element.attrs[name] = random.pick(LONG);
  else element.children.push(random.pick(LONG));
};

/** A server writes a namespace again at each element that is in it. */
const repeatNamespace: Mutation = (element, random) => {
  if (!random.chance(RARELY)) return;
  const inner = Array.from({ length: 1_000 }, () => xml('n:a'));
  element.children.push(xml('x', { xmlns: 'urn:x', 'xmlns:n': FAR }, ...inner));
};

/** What goes back without the declaration is no XML. */
const prefix: Mutation = (element) => {
  element.attrs['xmlns:q'] = 'urn:q';
  for (const child of element.getChildElements()) child.attrs['q:a'] = '1';
};

const MUTATIONS: readonly Mutation[] = [
  ...[setAttribute, setAttribute, setAttribute, dropAttribute, dropChild, repeatChild],
  ...[swapChildren, setText, adopt, rename, nest, lengthen, repeatNamespace, prefix],
];

/** Changes something, somewhere in the stanza; `other` is one that it may get parts of. */
export function mutate(stanza: Element, random: Random, other: Element): void {
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    random.pick(MUTATIONS)(random.pick(all(stanza)), random, other);
  }
}

/** The stanza with something that is no XML any more, or only just. */
export function garble(text: string, random: Random): string {
  const at = random.below(text.length);
  const put = random.pick([
    '<',
    '>',
    '&',
    '&lt;',
    '"',
    '\u0000',
    '<!DOCTYPE x>',
    ']]>',
    '</iq>',
    '',
  ]);
  return text.slice(0, at) + put + text.slice(at + random.below(3));
}

const isText = (child: Element['children'][number]) =>
  typeof child === 'string' || child instanceof Base64;

/** What is in two places at once could come to be inside itself. */
const copy = (element: Element): Element =>
  xml(
    element.name,
    element.attrs,
    ...element.children.map((child) => (isText(child) ? child : copy(child))),
  );

function all(element: Element): Element[] {
  return [element, ...element.getChildElements().flatMap(all)];
}
