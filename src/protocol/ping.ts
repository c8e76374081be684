// XEP-0199 XMPP Ping 2.0: the namespace; bytestreams ask and answer.
export const NS_PING = 'urn:xmpp:ping';
