// XEP-0115 Entity Capabilities 1.6: what we and others can do, in short, in presence.
import { createHash } from 'node:crypto';
import type { RequestOptions, Session } from '../../session/session.js';
import { type Element, xml } from '../../session/xml.js';
import { type Discovered, discoverInfo, featuresOf, type Info, infoElement } from '../disco.js';
import { nodeNameOf } from '../hashes/hash-functions.js';

export const NS_CAPS = 'http://jabber.org/protocol/caps';

/** §4: a URI that names the program. */
const NODE = 'urn:x-inband';

/** What a presence says of its sender's capabilities. */
export interface Caps {
  node: string;
  /** Hash of what the sender would answer to service discovery. */
  ver: string;
  /** The hash's algorithm. */
  hash: string;
}

/** §6.2: under this node, too, we are asked what there is. */
export const nodeOf = (info: Info): string => `${NODE}#${verificationOf(infoElement(info))}`;

/** §6.1 */
export const caps = (info: Info): Element =>
  xml('c', { xmlns: NS_CAPS, hash: 'sha-1', node: NODE, ver: verificationOf(infoElement(info)) });

/** In characters; a hash in base64 has 88 at most. */
const MAX_VER_LENGTH = 100;
/** In characters; it goes back to whom we ask. */
const MAX_NODE_LENGTH = 1024;

/** Kept of so many capabilities at a time: each is as long as the server lets a stanza be. */
const MAX_KNOWN = 100;

/** `undefined` where the presence has none, or such as cannot be checked (§6.1: `ext`, no `hash`). */
export function readCaps(presence: Element): Caps | undefined {
  const { node, ver, hash } = presence.getChild('c', NS_CAPS)?.attrs ?? {};
  if (!node || !ver || !hash || !nodeNameOf(hash)) return undefined;
  if (node.length > MAX_NODE_LENGTH || ver.length > MAX_VER_LENGTH) return undefined;
  return { node, ver, hash };
}

/** §5.1: the hash of an answer to service discovery, in base64. Throws RangeError for an unknown algorithm. */
export function verificationOf(query: Element, algorithm = 'sha-1'): string {
  const name = nodeNameOf(algorithm);
  if (!name) throw new RangeError(`unknown hash ${algorithm}`);
  const identities = query.getChildren('identity').map(({ attrs }) => {
    const { category = '', type = '', name = '' } = attrs;
    return `${category}/${type}/${attrs['xml:lang'] ?? ''}/${name}`;
  });
  const features = query.getChildren('feature').map(({ attrs }) => attrs.var ?? '');
  const forms = query.getChildren('x', 'jabber:x:data').flatMap(fieldsOf).sort(byOctets);
  const parts = [...identities.sort(byOctets), ...features.sort(byOctets)];
  const text = parts.map((part) => `${part}<`).join('') + forms.join('');
  return createHash(name).update(text).digest('base64');
}

/**
 * `<` stands between the parts of what is hashed, and somebody who has it in a part can make an answer with the hash of
 * another one: such an answer is its sender's alone.
 */
function isAmbiguous(query: Element): boolean {
  const identities = query
    .getChildren('identity')
    .flatMap(({ attrs }) => [attrs.category, attrs.type, attrs['xml:lang'], attrs.name]);
  const features = query.getChildren('feature').map(({ attrs }) => attrs.var);
  const fields = query
    .getChildren('x', 'jabber:x:data')
    .flatMap((form) => form.getChildren('field'));
  const said = fields.flatMap((field) => [
    field.attrs.var,
    ...field.getChildren('value').map((value) => value.getText()),
  ]);
  return [...identities, ...features, ...said].some((part) => part?.includes('<'));
}

/** §5.1 items 6 and 7: the FORM_TYPE first, then each field with its values. A form without is ignored (§5.4). */
function fieldsOf(form: Element): string[] {
  const fields = form.getChildren('field').map((field) => ({
    name: field.attrs.var ?? '',
    values: field.getChildren('value').map((value) => value.getText()),
  }));
  const [type] = fields.find(({ name }) => name === 'FORM_TYPE')?.values ?? [];
  if (!type) return [];
  const others = fields
    .filter(({ name }) => name !== 'FORM_TYPE')
    .sort((a, b) => byOctets(a.name, b.name))
    .map(({ name, values }) => [name, ...values.sort(byOctets)].map((part) => `${part}<`).join(''));
  return [`${type}<${others.join('')}`];
}

const byOctets = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Asks others what there is, and those of equal capabilities once only (§6.2, §8). */
export class CapsCache {
  readonly #session: Session;
  /** Answers by what was asked for; nothing where the answer did not fit the capabilities, or none came. */
  readonly #known = new Map<string, Promise<Element | undefined>>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Rejects as `request` does. */
  async features(
    jid: string,
    caps: Caps | undefined,
    options: RequestOptions,
  ): Promise<ReadonlySet<string>> {
    return featuresOf((await this.info(jid, caps, options)).info);
  }

  /** The whole answer; under the JID as it is where another one has given it. Rejects as `request` does. */
  async info(jid: string, caps: Caps | undefined, options: RequestOptions): Promise<Discovered> {
    if (!caps) return discoverInfo(this.#session, jid, undefined, options);
    const key = `${caps.hash} ${caps.ver}`;
    const pending = this.#known.get(key);
    const known = pending && (await pending);
    if (known) return { jid, info: known };
    const asked = discoverInfo(this.#session, jid, `${caps.node}#${caps.ver}`, options);
    // §5.4: an answer that does not fit its hash is that one's own; others are not judged by it.
    const fits = (info: Element) =>
      !isAmbiguous(info) && verificationOf(info, caps.hash) === caps.ver;
    const fitting = asked.then(({ info }) => (fits(info) ? info : undefined));
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(
      key,
      fitting.catch(() => undefined), // whoever asked has the error; the next one asks anew
    );
    return asked;
  }
}
