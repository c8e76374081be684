import { on } from 'node:events';
import type { Socket } from 'node:net';
import { withHints } from '../hints.js';
import { ServerNotTrusted } from '../stream/connection-errors.js';
import { StreamParser } from '../stream/parser.js';
import { StreamError } from '../stream/stream-error.js';
import { streamHeader } from '../stream/stream-header.js';
import { type Element, xml } from '../xml.js';

const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls';

interface Attempt {
  domain: string;
  signal: AbortSignal;
  /** Called whenever the other side gives a sign of life. */
  answered?: () => void;
}

/** STARTTLS (RFC 6120 §5.4), required: a server that does not offer it is refused. */
export async function startTls(socket: Socket, attempt: Attempt): Promise<void> {
  const { domain } = attempt;
  const elements = readElements(socket, attempt);
  socket.write(streamHeader(domain));
  const features = await nextOf(elements);
  if (features.is('error')) throw new StreamError(features);
  if (!features.is('features') || !features.getChild('starttls', NS_TLS)) {
    const error = new ServerNotTrusted('the server offers no encryption (STARTTLS)');
    throw withHints(
      error,
      'somebody may be in between',
      'or it speaks TLS from the start: --service xmpps://…',
    );
  }
  socket.write(xml('starttls', { xmlns: NS_TLS }).toString());
  const answer = await nextOf(elements);
  if (!answer.is('proceed', NS_TLS)) throw new ServerNotTrusted('the server refused STARTTLS');
  await elements.return(undefined);
}

async function nextOf(elements: AsyncGenerator<Element>): Promise<Element> {
  const { value, done } = await elements.next();
  if (done) throw new Error('the server closed the connection');
  return value;
}

/**
 * The elements that come in the clear, one at each read of the network: anything that
 * arrives glued to another one would be injected into what is encrypted (RFC 6120 §5.4.3.3).
 */
async function* readElements(
  socket: Socket,
  { signal, answered }: Attempt,
): AsyncGenerator<Element> {
  const parser = new StreamParser();
  const found: Element[] = [];
  parser.on('element', (element: Element) => found.push(element));
  parser.on('end', () => socket.destroy());
  for await (const [chunk] of on(socket, 'data', { signal, close: ['end', 'close'] })) {
    answered?.();
    parser.write((chunk as Buffer).toString('latin1'));
    const element = found.shift();
    if (!element) continue;
    // An error may be followed by the end of the stream.
    if (!element.is('error') && (found.length > 0 || !parser.betweenStanzas)) {
      throw new ServerNotTrusted('the server sent more than it was asked before encryption');
    }
    yield element;
  }
}
