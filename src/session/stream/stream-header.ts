import { xml } from '../xml.js';
import { serialize } from './serialize.js';

export const NS_STREAMS = 'http://etherx.jabber.org/streams';

/** What opens a stream (RFC 6120 §4.7); `from`, the bare JID, belongs into encrypted ones alone (§4.7.1). */
export function streamHeader(to: string, from?: string): string {
  const namespaces = { xmlns: 'jabber:client', 'xmlns:stream': NS_STREAMS };
  const element = serialize(xml('stream:stream', { ...namespaces, version: '1.0', to, from }));
  return `<?xml version='1.0'?>${element.replace(/\/>$/, '>')}`;
}
