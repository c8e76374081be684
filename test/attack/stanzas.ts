// XML as text, so that it can be sent as no library would write it. `places.ts` says what stands for what.

const NS_FILE = 'urn:xmpp:jingle:apps:file-transfer:5';
const NS_SI = 'http://jabber.org/protocol/si';
const NS_PROFILE = `${NS_SI}/profile/file-transfer`;

export const iq = (type: string, payload: string, id = '$ID', attributes = ''): string =>
  `<iq to="$TO" type="${type}" id="${id}" xmlns:q="urn:q"${attributes}>${payload}</iq>`;

export const message = (attributes: string, inner: string): string =>
  `<message to="$TO" type="chat" xmlns:q="urn:q"${attributes}>${inner}</message>`;

export const presence = (attributes: string, inner: string): string =>
  `<presence to="$TO" xmlns:q="urn:q"${attributes}>${inner}</presence>`;

export const jingle = (action: string, inner: string, sid = '$SID'): string =>
  iq('set', `<jingle xmlns="urn:xmpp:jingle:1" action="${action}" sid="${sid}">${inner}</jingle>`);

export const offer = (inner: string, sid = '$SID', attributes = ''): string =>
  `<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="${sid}"${attributes}>${inner}</jingle>`;

export const content = (inner: string, attributes: Record<string, string> = {}): string => {
  const all = { creator: 'initiator', name: 'file', senders: 'initiator', ...attributes };
  const written = Object.entries(all).map(([name, value]) => ` ${name}="${value}"`);
  return `<content${written.join('')}>${inner}</content>`;
};

export const file = (inner: string): string =>
  `<description xmlns="${NS_FILE}"><file>${inner}</file></description>`;

export const FILE = file('<name>a</name><size>5</size>');
export const IBB =
  '<transport xmlns="urn:xmpp:jingle:transports:ibb:1" sid="$SID" block-size="4096"/>';
export const OFFER = iq('set', offer(content(FILE + IBB)));

export const reason = (inner: string): string => `<reason>${inner}</reason>`;

const METHODS =
  '<feature xmlns="http://jabber.org/protocol/feature-neg"><x xmlns="jabber:x:data" type="form">' +
  '<field var="stream-method" type="list-single"><option><value>http://jabber.org/protocol/ibb</value></option></field></x></feature>';

export const si = (
  attributes: string,
  ofFile: string,
  sid = '$SID',
  profile = NS_PROFILE,
  inner = '',
): string =>
  `<si xmlns="${NS_SI}" id="${sid}" profile="${profile}"${attributes}><file xmlns="${NS_PROFILE}"${ofFile}>${inner}</file>${METHODS}</si>`;

/** Ends all that may have begun with this sid. */
export const ENDINGS: readonly string[] = [
  jingle('session-terminate', reason('<cancel/>')),
  iq('set', '<open xmlns="http://jabber.org/protocol/ibb" sid="$SID" block-size="4096"/>'),
  iq('set', '<close xmlns="http://jabber.org/protocol/ibb" sid="$SID"/>'),
];

export const query = (xmlns: string, attributes: string, inner = '') =>
  `<query xmlns="${xmlns}"${attributes}>${inner}</query>`;
export const DISCO = 'http://jabber.org/protocol/disco';
export const JMI = 'urn:xmpp:jingle-message:0';
export const error = (inner: string) =>
  `<error type="cancel"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/>${inner}</error>`;
export const errorText = '<text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">$FILL</text>';
export const PING = '<ping xmlns="urn:xmpp:ping"/>';
const BLOCK = 'QUJD';
export const data = (attributes: string, inner = BLOCK) =>
  `<data xmlns="http://jabber.org/protocol/ibb" ${attributes}>${inner}</data>`;
export const open = (attributes: string) =>
  `<open xmlns="http://jabber.org/protocol/ibb" ${attributes}/>`;
export const bob = (attributes: string, inner = BLOCK) =>
  `<data xmlns="urn:xmpp:bob" ${attributes}>${inner}</data>`;
export const carbon = (kind: string, inner: string) =>
  `<${kind} xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">${inner}</forwarded></${kind}>`;

/** The three bytes of a file that was offered by Jingle or by SI. */
export const ARRIVES: readonly string[] = [
  iq('set', open('sid="$SID" block-size="4096"')),
  iq('set', data('sid="$SID" seq="0"')),
  iq('set', '<close xmlns="http://jabber.org/protocol/ibb" sid="$SID"/>'),
];
