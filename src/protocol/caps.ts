// XEP-0115 Entity Capabilities 1.6: what we can do, in short, in our presence.
import { createHash } from 'node:crypto';
import { type Element, xml } from '../session/xml.js';
import type { Info } from './disco.js';

export const NS_CAPS = 'http://jabber.org/protocol/caps';

/** §4: a URI that names the program. */
const NODE = 'urn:x-inband';

/** §5.1, for one identity without a language and no forms. */
export function verificationOf({ identity, features }: Info): string {
  const { category, type, name } = identity;
  const octets = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const parts = [`${category}/${type}//${name}`, ...[...features].sort(octets)];
  const text = parts.map((part) => `${part}<`).join('');
  return createHash('sha1').update(text).digest('base64');
}

/** §6.2: under this node, too, we are asked what there is. */
export const nodeOf = (info: Info): string => `${NODE}#${verificationOf(info)}`;

/** §6.1 */
export const caps = (info: Info): Element =>
  xml('c', { xmlns: NS_CAPS, hash: 'sha-1', node: NODE, ver: verificationOf(info) });
