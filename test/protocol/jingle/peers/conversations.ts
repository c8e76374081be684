// Conversations up to 2.12: xmpp/jingle/{JingleFileTransferConnection,JingleInBandTransport}.java.
import { createHash } from 'node:crypto';
import { blocks, bytesOf, readOffer, type Script } from './script.js';

/** It waits for the close, and for the sender to end the session; `seq` does not interest it. */
export async function conversationsTakes(conversations: Script): Promise<Buffer> {
  const { sid, size, content, description, transport } = readOffer(
    await conversations.hears('session-initiate'),
  );
  await conversations.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='${sid}'>
      <content creator='initiator' name='${content.attrs.name}'>
        ${description}
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='${transport.sid}'
          block-size='${Math.min(8192, Number(transport['block-size']))}'/>
      </content>
    </jingle>`);
  await conversations.hears('open');
  let bytes = Buffer.alloc(0);
  while (bytes.length < size) {
    bytes = Buffer.concat([bytes, bytesOf(await conversations.hears('data'))]);
  }
  await conversations.hears('close');
  await conversations.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='${sid}'>
      <reason><success/></reason>
    </jingle>`);
  return bytes;
}

/** It tells a sha-1 hash when all is sent, of a content whose name is always `a-file-offer`, and closes then. */
export async function conversationsSends(conversations: Script, bytes: Buffer): Promise<void> {
  await conversations.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='c1'
        initiator='${conversations.session.jid}'>
      <content creator='initiator' name='Zr1YJ' senders='initiator'>
        <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
          <file><size>${bytes.length}</size><name>letter.txt</name></file>
        </description>
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b1' block-size='8192'/>
      </content>
    </jingle>`);
  const { transport } = readOffer(await conversations.hears('session-accept'));
  const blockSize = Math.min(8192, Number(transport['block-size']));
  await conversations.says(`
    <open xmlns='http://jabber.org/protocol/ibb' sid='b1' block-size='${blockSize}' stanza='iq'/>`);
  for (const block of blocks('b1', bytes, blockSize)) await conversations.says(block);
  const sha1 = createHash('sha1').update(bytes).digest('base64');
  await conversations.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='c1'>
      <checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5' creator='initiator' name='a-file-offer'>
        <file><hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>${sha1}</hash></file>
      </checksum>
    </jingle>`);
  await Promise.all([
    conversations.says(`<close xmlns='http://jabber.org/protocol/ibb' sid='b1'/>`),
    conversations.hears('session-info'),
  ]);
  await conversations.hears('session-terminate');
}
