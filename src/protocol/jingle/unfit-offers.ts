import { type Element, xml } from '../../session/xml.js';
import { NS_FILE_ERRORS, NS_FILE_TRANSFER } from './file-description.js';
import { NOT_SECURED } from './security/security.js';
import { isSealed } from './security/security-element.js';
import type { Content, Reason } from './stanzas.js';
import type { Transport } from './transports/transport.js';

/** What cannot be taken, whoever offers it: the reason for the peer, and another for us. `opensSeals`: we have a key. */
export function whyDeclined(
  content: Content,
  transports: readonly Transport[],
  opensSeals: boolean,
): [Reason, why: string] | undefined {
  const { description, transport, senders, security } = content;
  if (description?.getNS() !== NS_FILE_TRANSFER) {
    return [{ condition: 'unsupported-applications' }, `${namespaceOf(description)} is no file`];
  }
  // XEP-0234 §9.1: a file of ours is asked for.
  if (senders === 'responder') {
    const specific = xml('file-not-available', { xmlns: NS_FILE_ERRORS });
    return [{ condition: 'failed-application', specific }, 'it asks for a file of ours'];
  }
  if (security && !(opensSeals && isSealed(security))) {
    return [NOT_SECURED, 'it is encrypted end to end'];
  }
  if (transports.some(({ xmlns }) => xmlns === transport?.getNS())) return undefined;
  const why = `its transport is ${namespaceOf(transport)}, which is not known here`;
  return [{ condition: 'unsupported-transports' }, why];
}

/** Characters of a namespace that are shown. */
const MAX_NAMESPACE_LENGTH = 100;

const namespaceOf = (element: Element | undefined): string =>
  element?.getNS()?.slice(0, MAX_NAMESPACE_LENGTH) ?? 'nothing';
