// Where something of a peer's may be kept, looked at or sent back. A line is a place: its name, what is sent there, and with
// what. In the XML stand $TO (the daemon), $FILL (the payload), $ID and $SID (new ones) and, in a reply, $FROM.
import type { Elements, Text } from './payloads.js';
// biome-ignore format: not a line each
import {
  ARRIVES, bob, carbon, content, DISCO, data, error, errorText, FILE, file, IBB, iq, JMI,
  jingle, message, OFFER, offer, open, PING, presence, query, reason, si,
} from './stanzas.js';

interface Common {
  name: string;
  /** Sent one after another, each when the one before has been read. */
  stanzas: string | string[];
  /** What the daemon's requests are answered with meanwhile, if not with an empty result. */
  reply?: string;
  /** What is meant comes of it only when each stanza has had its effects before the next one. */
  unhurried?: true;
  /** Written from a client with such a resource. */
  resource?: string;
}

/** With the payload that suits it most; of this kind are all that are tried there. */
export type Place = Common & ({ text: Text } | { elements: Elements });

type Line<Payload> = [name: string, stanzas: string | string[], payload?: Payload];

// biome-ignore format: a place is a line
const TEXT_LINES: Line<Text>[] = [
  ['id of a get', iq('get', PING, '$FILL')],
  ['id of a set', iq('set', open('sid="$SID" block-size="4096"'), '$FILL')],
  ['id of an unknown request', iq('get', '<x xmlns="urn:x"/>', '$FILL')],
  ['id of a result', iq('result', '', '$FILL')],
  ['id of an error', iq('error', error(''), '$FILL')],
  ['lang of an iq', iq('get', PING, '$ID', ' xml:lang="$FILL"')],
  ['type of an iq', iq('get', PING, '$ID', ' q:type="$FILL"')],
  ['text of an error', iq('error', error(errorText))],
  ['namespace of a payload', iq('get', '<x xmlns="$FILL"/>')],
  ['namespace of a query', iq('get', query('$FILL', ''))],
  ['node of disco#info', iq('get', query(`${DISCO}#info`, ' node="$FILL"'))],
  ['node of disco#items', iq('get', query(`${DISCO}#items`, ' node="$FILL"'))],
  ['version', iq('get', query('jabber:iq:version', '', '$FILL'))],
  ['a ping with text', iq('get', '<ping xmlns="urn:xmpp:ping">$FILL</ping>')],
  ['jid of a roster push', iq('set', query('jabber:iq:roster', '', '<item jid="$FILL"/>'))],
  ['name of a roster push', iq('set', query('jabber:iq:roster', '', '<item jid="a@b" name="$FILL" subscription="both"/>'))],
  ['version of a roster push', iq('set', query('jabber:iq:roster', ' ver="$FILL"', '<item jid="a@b"/>'))],
  ['sid of open', iq('set', open('sid="$FILL" block-size="4096"'))],
  ['block size of open', iq('set', open('sid="$SID" block-size="$FILL"'))],
  ['stanza of open', iq('set', open('sid="$SID" block-size="4096" stanza="$FILL"'))],
  ['sid of data', iq('set', data('sid="$FILL" seq="0"'))],
  ['seq of data', [iq('set', open('sid="$SID" block-size="4096"')), iq('set', data('sid="$SID" seq="$FILL"'))]],
  ['text of data', [iq('set', open('sid="$SID" block-size="4096"')), iq('set', data('sid="$SID" seq="0"', '$FILL'))]],
  ['sid of close', iq('set', '<close xmlns="http://jabber.org/protocol/ibb" sid="$FILL"/>')],
  ['sid of data in a message', message('', data('sid="$FILL" seq="0"'))],
  ['id of data in a message', message(' id="$FILL"', data('sid="$SID" seq="0"'))],
  ['id of SI', iq('set', si('', ' name="a" size="5"', '$FILL'))],
  ['profile of SI', iq('set', si(' mime-type="a/b"', ' name="a" size="5"', '$SID', '$FILL'))],
  ['media type of SI', iq('set', si(' mime-type="$FILL"', ' name="a" size="5"'))],
  ['name of SI', iq('set', si('', ' name="$FILL" size="5"')), 'dots'],
  ['size of SI', iq('set', si('', ' name="a" size="$FILL"'))],
  ['date of SI', iq('set', si('', ' name="a" size="5" date="$FILL"'))],
  ['hash of SI', iq('set', si('', ' name="a" size="5" hash="$FILL"'))],
  ['description of SI', iq('set', si('', ' name="a" size="5"', '$SID', undefined, '<desc>$FILL</desc>'))],
  ['sid of an offer', iq('set', offer(content(FILE + IBB), '$FILL'))],
  ['initiator', iq('set', offer(content(FILE + IBB), '$SID', ' initiator="$FILL"'))],
  ['responder', iq('set', offer(content(FILE + IBB), '$SID', ' responder="$FILL"'))],
  ['action', jingle('$FILL', content(FILE + IBB))],
  ['name of a content', iq('set', offer(content(FILE + IBB, { name: '$FILL' })))],
  ['creator of a content', iq('set', offer(content(FILE + IBB, { creator: '$FILL' })))],
  ['senders of a content', iq('set', offer(content(FILE + IBB, { senders: '$FILL' })))],
  ['disposition of a content', iq('set', offer(content(FILE + IBB, { disposition: '$FILL' })))],
  ['name of a file', iq('set', offer(content(file('<name>$FILL</name><size>5</size>') + IBB))), 'angles'],
  ['size of a file', iq('set', offer(content(file('<name>a</name><size>$FILL</size>') + IBB)))],
  ['date of a file', iq('set', offer(content(file('<name>a</name><size>5</size><date>$FILL</date>') + IBB)))],
  ['description of a file', iq('set', offer(content(file('<name>a</name><size>5</size><desc>$FILL</desc>') + IBB))), 'angles'],
  ['media type of a file', iq('set', offer(content(file('<name>a</name><size>5</size><media-type>$FILL</media-type>') + IBB))), 'angles'],
  ['hash of a file', iq('set', offer(content(file('<name>a</name><size>5</size><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">$FILL</hash>', ) + IBB)))],
  ['algorithm of a hash', iq('set', offer(content(file('<name>a</name><size>5</size><hash xmlns="urn:xmpp:hashes:2" algo="$FILL">QQ==</hash>', ) + IBB)))],
  ['algorithm of a hash to come', iq('set', offer(content(file('<name>a</name><size>5</size><hash-used xmlns="urn:xmpp:hashes:2" algo="$FILL"/>') + IBB)))],
  ['range of a file', iq('set', offer(content(file('<name>a</name><size>5</size><range offset="$FILL"/>') + IBB))), 'lines'],
  ['namespace of a description', iq('set', offer(content(`<description xmlns="$FILL"/>${IBB}`)))],
  ['namespace of a transport', iq('set', offer(content(`${FILE}<transport xmlns="$FILL"/>`)))],
  ['sid of a transport', iq('set', offer(content(`${FILE}<transport xmlns="urn:xmpp:jingle:transports:ibb:1" sid="$FILL" block-size="4096"/>`)))],
  ['block size of a transport', iq('set', offer(content(`${FILE}<transport xmlns="urn:xmpp:jingle:transports:ibb:1" sid="$SID" block-size="$FILL"/>`)))],
  ['namespace of a security', iq('set', offer(content(`${FILE}${IBB}<security xmlns="$FILL"/>`)))],
  ['sid of no session', jingle('session-info', '', '$FILL')],
  ['text of a reason', [OFFER, jingle('session-terminate', reason('<cancel/><text>$FILL</text>'))], 'angles'],
  ['sid of an alternative session', [OFFER, jingle('session-terminate', reason('<alternative-session><sid>$FILL</sid></alternative-session>'))]],
  ['name of a content that is added', [OFFER, jingle('content-add', content(FILE + IBB, { name: '$FILL' }))]],
  ['creator of a content that is added', [OFFER, jingle('content-add', content(FILE + IBB, { creator: '$FILL' }))]],
  ['name of a content that is modified', [OFFER, jingle('content-modify', content('', { name: '$FILL' }))]],
  ['name of a content that is removed', [OFFER, jingle('content-remove', content('', { name: '$FILL' }))]],
  ['name in transport-info', [OFFER, jingle('transport-info', content(IBB, { name: '$FILL' }))]],
  ['name in transport-replace', [OFFER, jingle('transport-replace', content(IBB, { name: '$FILL' }))]],
  ['senders in transport-replace', [OFFER, jingle('transport-replace', content(IBB, { senders: '$FILL' }))]],
  ['namespace in transport-replace', [OFFER, jingle('transport-replace', content('<transport xmlns="$FILL"/>'))]],
  ['sid in transport-replace', [OFFER, jingle('transport-replace', content('<transport xmlns="urn:xmpp:jingle:transports:ibb:1" sid="$FILL" block-size="4096"/>'))]],
  ['name in session-accept', [OFFER, jingle('session-accept', content(FILE + IBB, { name: '$FILL' }))]],
  ['name in a checksum', [OFFER, jingle('session-info', '<checksum xmlns="urn:xmpp:jingle:apps:file-transfer:5" creator="initiator" name="$FILL"><file/></checksum>')]],
  ['hash in a checksum', [OFFER, jingle('session-info', '<checksum xmlns="urn:xmpp:jingle:apps:file-transfer:5" creator="initiator" name="file"><file><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">$FILL</hash></file></checksum>')]],
  ['name in received', [OFFER, jingle('session-info', '<received xmlns="urn:xmpp:jingle:apps:file-transfer:5" creator="initiator" name="$FILL"/>')], 'lines'],
  ['namespace of a session-info', [OFFER, jingle('session-info', '<x xmlns="$FILL"/>')]],
  ['cid that is asked for', iq('get', '<data xmlns="urn:xmpp:bob" cid="$FILL"/>')],
  ['hash of a cid', iq('get', '<data xmlns="urn:xmpp:bob" cid="sha1+$FILL@bob.xmpp.org"/>')],
  ['cid of a blob in a message', message('', bob('cid="$FILL" type="a/b"'))],
  ['media type of a blob in a message', message('', bob('cid="sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org" type="$FILL"'))],
  ['age of a blob in a message', message('', bob('cid="sha1+8f35fef110ffc5df08d579a50083ff9308fb6242@bob.xmpp.org" max-age="$FILL"'))],
  ['id of a proposal', message('', `<propose xmlns="${JMI}" id="$FILL"><description xmlns="urn:xmpp:jingle:apps:file-transfer:5"/></propose>`)],
  ['namespace of a proposal', message('', `<propose xmlns="${JMI}" id="$SID"><description xmlns="$FILL"/></propose>`)],
  ['id of a retraction', message('', `<retract xmlns="${JMI}" id="$FILL"/>`)],
  ['id of proceed', message('', `<proceed xmlns="${JMI}" id="$FILL"/>`)],
  ['reason of a rejection', message('', `<reject xmlns="${JMI}" id="$SID"><reason xmlns="urn:xmpp:jingle:1"><busy/><text>$FILL</text></reason></reject>`)],
  ['id of a message', message(' id="$FILL"', '<body>hello</body>')],
  ['body of a message', message(' id="$ID"', '<body>$FILL</body>')],
  ['lang of a message', message(' xml:lang="$FILL"', '<body>hello</body>')],
  ['thread of a message', message('', '<body>hello</body><thread>$FILL</thread>')],
  ['subject of a message', message('', '<subject>$FILL</subject><body>hello</body>')],
  ['type of a message', `<message to="$TO" type="$FILL"><body>hello</body></message>`],
  ['id of a groupchat message', `<message to="$TO" type="groupchat" id="$FILL"><body>hello</body></message>`],
  ['error of a message', `<message to="$TO" type="error" id="$FILL">${error('')}</message>`],
  ['receipt', message(' id="$FILL"', '<body>hello</body><request xmlns="urn:xmpp:receipts"/>')],
  ['body of a carbon', message('', carbon('received', '<message xmlns="jabber:client"><body>$FILL</body></message>'))],
  ['stamp of a delay', message('', '<body>hello</body><delay xmlns="urn:xmpp:delay" from="a@b" stamp="$FILL"/>'), 'lines'],
  ['status of presence', presence('', '<status>$FILL</status>')],
  ['id of presence', presence(' id="$FILL"', '')],
  ['lang of presence', presence(' xml:lang="$FILL"', '<status>x</status>')],
  ['show of presence', presence('', '<show>$FILL</show>')],
  ['node of caps', presence('', '<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="$FILL" ver="x"/>')],
  ['version of caps', presence('', '<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="n" ver="$FILL"/>')],
  ['hash of caps', presence('', '<c xmlns="http://jabber.org/protocol/caps" hash="$FILL" node="n" ver="x"/>')],
  ['error of presence', presence(' type="error" id="$ID"', error(errorText))],
  ['id of an error of presence', presence(' type="error" id="$FILL"', error(''))],
  ['status of unavailable presence', presence(' type="unavailable"', '<status>$FILL</status>')],
];

// biome-ignore format: a place is a line
const ELEMENT_LINES: Line<Elements>[] = [
  ['payload of a get', iq('get', '$FILL')],
  ['payload of a set', iq('set', '$FILL')],
  ['payload of a result', iq('result', '$FILL')],
  ['payload of an error', iq('error', error('$FILL'))],
  ['children of a ping', iq('get', '<ping xmlns="urn:xmpp:ping">$FILL</ping>')],
  ['children of disco#info', iq('get', query(`${DISCO}#info`, '', '$FILL'))],
  ['children of a roster push', iq('set', query('jabber:iq:roster', '', '$FILL'))],
  ['children of open', iq('set', '<open xmlns="http://jabber.org/protocol/ibb" sid="$SID" block-size="4096">$FILL</open>')],
  ['children of data', iq('set', data('sid="$SID" seq="0"', '$FILL'))],
  ['children of SI', iq('set', si('', ' name="a" size="5"', '$SID', undefined, '$FILL'))],
  ['children of an offer', iq('set', offer(`${content(FILE + IBB)}$FILL`))],
  ['transport of an offer', iq('set', offer(content(`${FILE}$FILL`))), 'outerPrefix'],
  ['another transport of an offer', iq('set', offer(content(`${FILE}${IBB}$FILL`)))],
  ['description of an offer', iq('set', offer(content(`$FILL${IBB}`)))],
  ['children of a file', iq('set', offer(content(file('<name>a</name><size>5</size>$FILL') + IBB)))],
  ['children of a transport', iq('set', offer(content(`${FILE}<transport xmlns="urn:xmpp:jingle:transports:ibb:1" sid="$SID" block-size="4096">$FILL</transport>`)))],
  ['transport in transport-replace', [OFFER, jingle('transport-replace', content('$FILL'))], 'outerPrefix'],
  ['transport in transport-info', [OFFER, jingle('transport-info', content('$FILL'))], 'outerPrefix'],
  ['transport in transport-accept', [OFFER, jingle('transport-accept', content('$FILL'))]],
  ['content that is added', [OFFER, jingle('content-add', content('$FILL', { name: 'other' }))], 'outerPrefix'],
  ['what is in session-info', [OFFER, jingle('session-info', '$FILL')]],
  ['what is in a checksum', [OFFER, jingle('session-info', '<checksum xmlns="urn:xmpp:jingle:apps:file-transfer:5" creator="initiator" name="file">$FILL</checksum>')]],
  ['what is in received', [OFFER, jingle('session-info', '<received xmlns="urn:xmpp:jingle:apps:file-transfer:5" creator="initiator" name="file">$FILL</received>')]],
  ['what is in description-info', [OFFER, jingle('description-info', content('$FILL'))]],
  ['what is in security-info', [OFFER, jingle('security-info', content('$FILL'))]],
  ['condition of a reason', [OFFER, jingle('session-terminate', reason('$FILL'))]],
  ["application's own condition of a reason", [OFFER, jingle('session-terminate', reason('<cancel/>$FILL'))]],
  ['children of a request for a blob', iq('get', '<data xmlns="urn:xmpp:bob" cid="sha1+00@bob.xmpp.org">$FILL</data>')],
  ['children of a proposal', message('', `<propose xmlns="${JMI}" id="$SID">$FILL</propose>`)],
  ['reason of a proposal that is taken back', message('', `<retract xmlns="${JMI}" id="$SID">$FILL</retract>`)],
  ['children of a message', message(' id="$ID"', '<body>hello</body>$FILL')],
  ['body of a message with elements', message('', '<body>$FILL</body>')],
  ['what is in a carbon', message('', carbon('sent', '$FILL'))],
  ['children of presence', presence('', '$FILL')],
  ['children of caps', presence('', '<c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="n" ver="x">$FILL</c>')],
  ['children of unavailable presence', presence(' type="unavailable"', '$FILL')],
];

/** The daemon asks, being offered a file, and hears this. */
// biome-ignore format: a place is a line
const REPLIES: Place[] = [
  { name: 'text of an answer', stanzas: [OFFER], text: 'angles', reply: `<iq to="$FROM" id="$ID" type="error">${error(errorText)}</iq>` },
  { name: 'payload of an answer', stanzas: [OFFER], elements: 'namespaces', reply: '<iq to="$FROM" id="$ID" type="result" xmlns:q="urn:q">$FILL</iq>' },
  { name: 'condition of an answer', stanzas: [OFFER], elements: 'namespaces', reply: '<iq to="$FROM" id="$ID" type="error" xmlns:q="urn:q"><error type="cancel">$FILL</error></iq>' },
  { name: 'lang of an answer', stanzas: [OFFER], text: 'apostrophes', reply: '<iq to="$FROM" id="$ID" type="result" xml:lang="$FILL"/>' },
];

// biome-ignore format: a place is a line
const ARRIVING: Place[] = [
  { name: 'name of a file that arrives', stanzas: [iq('set', offer(content(file('<name>$FILL</name><size>3</size>') + IBB))), ...ARRIVES], text: 'dots', unhurried: true },
  { name: 'name of a file that arrives by SI', stanzas: [iq('set', si('', ' name="$FILL" size="3"')), ...ARRIVES], text: 'dots', unhurried: true },
];

/** The longest that there may be, of letters that have to be escaped. */
const RESOURCE = "'".repeat(1_023);

// biome-ignore format: as above
export const PLACES: readonly Place[] = [
  ...TEXT_LINES.map(([name, stanzas, text = 'apostrophes']) => ({ name, stanzas, text })),
  ...ELEMENT_LINES.map(([name, stanzas, elements = 'namespaces']) => ({ name, stanzas, elements })),
  ...REPLIES,
  ...ARRIVING,
  { name: 'own resource', stanzas: [OFFER, iq('get', PING), iq('get', '<x xmlns="$FILL"/>')], text: 'apostrophes', resource: RESOURCE },
];
