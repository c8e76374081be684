import { Base64, type Element } from '../../../src/session/xml.js';

/** Prosody and ejabberd as shipped; ejabberd ends the stream at the last of these bytes. */
const MAX_STANZA_BYTES = 256 * 1024;

const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const NAME = /^[\p{L}_][\p{L}\p{M}\p{N}_.-]*(:[\p{L}_][\p{L}\p{M}\p{N}_.-]*)?$/u;
const ATTRIBUTE = /\s+([^\s=<>"'/]+)\s*=\s*("[^"<]*"|'[^'<]*')/g;
/** A tag, with what it begins with, its name, its attributes and its end; or text. */
const TOKEN =
  /<(\/?)([^\s/>=<"'!?]+)((?:\s+[^\s=<>"'/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const BARE_AMPERSAND = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)/;

/** Namespaces by prefix; that of the default one is ''. */
type Scope = ReadonlyMap<string, string>;

const NS_XML = 'http://www.w3.org/XML/1998/namespace';
const STREAM: Scope = new Map([
  ['', 'jabber:client'],
  ['xml', NS_XML],
  ['stream', 'http://etherx.jabber.org/streams'],
]);

/** A server ends the stream of a client that sends this. */
export class EndsStream extends Error {
  override readonly name = 'EndsStream';

  readonly condition: 'policy-violation' | 'not-well-formed';

  constructor(condition: EndsStream['condition'], why: string, text: string) {
    super(`${condition}: ${why}, in ${text.length} characters: ${text.slice(0, 300)}`);
    this.condition = condition;
  }

  /** What the server says, and then ends the stream. */
  toXml(): string {
    return `<stream:error><${this.condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`;
  }
}

/** What is around a message of a WebSocket: an element in it that declares no namespace has none. */
export const NOTHING: Scope = new Map([['xml', NS_XML]]);

/** Takes one whole stanza, as a server takes what its clients write. Throws `EndsStream`. */
export function acceptStanza(text: string, around = STREAM): void {
  const malformed = (why: string) => new EndsStream('not-well-formed', why, text);
  const bytes = Buffer.byteLength(text);
  if (bytes >= MAX_STANZA_BYTES) throw new EndsStream('policy-violation', `${bytes} bytes`, text);
  if (FORBIDDEN.test(text)) throw malformed('a character that XML has not');
  const open: { name: string; scope: Scope }[] = [{ name: 'stream:stream', scope: around }];
  let whole = 0;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const [, closing, name, attributes = '', empty, characters] = TOKEN.exec(text) ?? [];
    if (characters !== undefined) {
      const wrong = wrongInText(characters) ?? (open.length === 1 ? 'text outside' : undefined);
      if (wrong) throw malformed(wrong);
      continue;
    }
    if (!name) throw malformed('no tag');
    if (closing) {
      if (open.length === 1 || open.pop()?.name !== name) throw malformed(`</${name}>`);
    } else {
      const { scope } = open.at(-1) as { scope: Scope };
      open.push({ name, scope: scopeOf(name, attributes, scope, malformed) });
      if (empty) open.pop();
    }
    if (open.length === 1) whole += 1;
  }
  if (open.length > 1 || whole !== 1) throw malformed(`${whole} stanzas`);
}

function wrongInText(text: string): string | undefined {
  if (text.includes(']]>')) return ']]>';
  if (BARE_AMPERSAND.test(text)) return 'an ampersand';
  for (const [, decimal, hex] of text.matchAll(/&#(?:(\d+)|x([\da-fA-F]+));/g)) {
    const code = decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16);
    if (code > 0x10ffff || FORBIDDEN.test(String.fromCodePoint(code))) return `&#${code};`;
  }
  return undefined;
}

/** The namespaces within a tag. Throws for what Namespaces in XML 1.0 does not allow there. */
function scopeOf(
  name: string,
  text: string,
  outer: Scope,
  malformed: (why: string) => Error,
): Scope {
  const attributes = [...text.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => {
    const wrong = wrongInText(value);
    if (wrong && wrong !== ']]>') throw malformed(wrong);
    return [key, value.slice(1, -1)] as const;
  });
  const scope = declared(attributes, outer);
  const seen = new Set<string>();
  for (const [key, value] of attributes) {
    if (key.startsWith('xmlns:') && !value) throw malformed(key);
    const expanded = key.startsWith('xmlns') ? key : expandedName(key, scope, false);
    if (!NAME.test(key) || expanded === undefined) throw malformed(`attribute ${key}`);
    if (seen.has(expanded)) throw malformed(`attribute ${key} twice`);
    seen.add(expanded);
  }
  if (!NAME.test(name) || expandedName(name, scope, true) === undefined) throw malformed(name);
  return scope;
}

function declared(
  attributes: Iterable<readonly [string, string | undefined]>,
  outer: Scope,
): Scope {
  const scope = new Map(outer);
  for (const [key, value] of attributes) {
    if (value === undefined) continue;
    if (key === 'xmlns') scope.set('', value);
    else if (key.startsWith('xmlns:')) scope.set(key.slice('xmlns:'.length), value);
  }
  return scope;
}

function expandedName(name: string, scope: Scope, isElement: boolean): string | undefined {
  const at = name.indexOf(':');
  if (at < 0 && !isElement) return name;
  if (at < 0) return scope.has('') ? `${scope.get('')} ${name}` : undefined;
  const namespace = scope.get(name.slice(0, at));
  return namespace === undefined ? undefined : `${namespace} ${name.slice(at + 1)}`;
}

/** A stanza as Prosody passes it on: without prefixes, each namespace written out wherever it is another than around it. */
export const passedOn = (stanza: Element): string => writeOut(stanza, STREAM, 'jabber:client');

function writeOut({ name, attrs, children }: Element, outer: Scope, around: string): string {
  const present = Object.entries(attrs).filter(([, value]) => value !== undefined);
  const scope = declared(present, outer);
  const [namespace = '', local] = resolve(name, scope, scope.get('') ?? '');
  let text = `<${local}`;
  if (namespace !== around) text += ` xmlns='${escaped(namespace)}'`;
  let prefixes = 0;
  for (const [key, value = ''] of present) {
    if (/^xmlns(:|$)/.test(key)) continue;
    const [of, bare] = resolve(key, scope, '');
    prefixes += 1;
    if (of === '' || of === NS_XML) text += ` ${key}='${escaped(value)}'`;
    else text += ` xmlns:ns${prefixes}='${escaped(of)}' ns${prefixes}:${bare}='${escaped(value)}'`;
  }
  const inner = children.map((child) =>
    typeof child === 'string' || child instanceof Base64
      ? escaped(String(child))
      : writeOut(child, scope, namespace),
  );
  return inner.length > 0 ? `${text}>${inner.join('')}</${local}>` : `${text}/>`;
}

/** A prefix that nobody has declared stands for itself: no server would let it pass. */
function resolve(name: string, scope: Scope, unprefixed: string): [string, string] {
  const at = name.indexOf(':');
  if (at < 0) return [unprefixed, name];
  const prefix = name.slice(0, at);
  return [scope.get(prefix) ?? prefix, name.slice(at + 1)];
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
