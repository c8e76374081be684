// XEP-0199 XMPP Ping 2.0: the element. Any answer to it is a sign of life (§4.1).
import { type Element, xml } from './xml.js';

export const NS_PING = 'urn:xmpp:ping';

export const ping = (): Element => xml('ping', { xmlns: NS_PING });
