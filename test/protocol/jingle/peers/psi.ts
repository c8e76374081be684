// Psi: iris/src/xmpp/xmpp-im/{jingle-file,jingle-ibb}.cpp.
import { createHash } from 'node:crypto';
import { blocks, bytesOf, readOffer, type Script } from './script.js';

const MAX_BLOCK_SIZE = 4096;
const HASH_FUNCTIONS = ['sha-1', 'sha-256', 'sha-512', 'sha3-256', 'sha3-512', 'blake2b-256'];

/** It says that it has received the file. Each block is acknowledged before it is looked at. */
export async function psiTakes(psi: Script): Promise<Buffer> {
  const { sid, file, size, content, description, transport } = readOffer(
    await psi.hears('session-initiate'),
  );
  const named = [...file.getChildren('hash'), ...file.getChildren('hash-used')];
  const unknown = named.filter(({ attrs }) => !HASH_FUNCTIONS.includes(attrs.algo ?? ''));
  if (unknown.length > 0) throw new Error('it takes no offer with a hash that it does not know');
  await psi.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='${sid}'
        responder='${psi.session.jid}'>
      <content creator='initiator' name='${content.attrs.name}' senders='initiator'>
        ${description}
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='${transport.sid}'
          block-size='${Math.min(MAX_BLOCK_SIZE, Number(transport['block-size']))}'/>
      </content>
    </jingle>`);
  const open = await psi.next('open');
  open.answer();
  let bytes = Buffer.alloc(0);
  while (bytes.length < size) {
    bytes = Buffer.concat([bytes, bytesOf(await psi.hears('data'))]);
    // What it does not like it tells under the id of the open.
    await psi.sendsError(open.id, 'cancel', 'item-not-found');
  }
  const received = psi.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='${sid}'>
      <received xmlns='urn:xmpp:jingle:apps:file-transfer:5' creator='initiator'
        name='${content.attrs.name}'/>
    </jingle>`);
  await psi.hears('close');
  await received;
  await psi.hears('session-terminate');
  return bytes;
}

/** It announces the hash that it will tell, and waits until it hears that the file was received. */
export async function psiSends(psi: Script, bytes: Buffer): Promise<void> {
  await psi.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='p1'
        initiator='${psi.session.jid}'>
      <content creator='initiator' name='ft' senders='initiator'>
        <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
          <file>
            <date>2026-06-01T12:00:00Z</date>
            <media-type>text/plain</media-type>
            <name>letter.txt</name>
            <size>${bytes.length}</size>
            <range/>
            <hash-used xmlns='urn:xmpp:hashes:2' algo='sha-1'/>
          </file>
        </description>
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b1'
          block-size='${MAX_BLOCK_SIZE}'/>
      </content>
    </jingle>`);
  const { transport } = readOffer(await psi.hears('session-accept'));
  const blockSize = Math.min(MAX_BLOCK_SIZE, Number(transport['block-size']));
  await psi.says(`
    <open xmlns='http://jabber.org/protocol/ibb' sid='b1' block-size='${blockSize}' stanza='iq'/>`);
  for (const block of blocks('b1', bytes, blockSize)) await psi.says(block);
  const sha1 = createHash('sha1').update(bytes).digest('base64');
  await psi.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='p1'>
      <checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5' creator='initiator' name='ft'>
        <file><hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>${sha1}</hash></file>
      </checksum>
    </jingle>`);
  const received = await psi.hears('session-info');
  if (received.getChild('received')?.attrs.name !== 'ft') throw new Error('no such content');
  await psi.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='p1'>
      <reason><success/></reason>
    </jingle>`);
}
