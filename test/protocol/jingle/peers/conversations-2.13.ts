// Conversations from 2.13 on: transports/InbandBytestreamsTransport.java, JingleFileTransferConnection.
import { blocks, bytesOf, readOffer, type Script } from './script.js';

const MAX_BLOCK_SIZE = 8192;

/** It wants the block size that it has answered, name and size; and ends the session when it has all bytes. */
export async function conversationsTakes(conversations: Script): Promise<Buffer> {
  const { sid, name, size, content, description, transport } = readOffer(
    await conversations.hears('session-initiate'),
  );
  if (!name || Number.isNaN(size)) throw new Error('session-terminate');
  const blockSize = Math.min(MAX_BLOCK_SIZE, Number(transport['block-size']));
  await conversations.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='${sid}'
        responder='${conversations.session.jid}'>
      <content creator='initiator' name='${content.attrs.name}' senders='initiator'>
        ${description}
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='${transport.sid}'
          block-size='${blockSize}'/>
      </content>
    </jingle>`);
  const open = await conversations.next('open');
  if (open.element.attrs['block-size'] !== String(blockSize)) throw new Error('bad-request');
  open.answer();
  let bytes = Buffer.alloc(0);
  while (bytes.length < size) {
    const data = await conversations.next('data');
    bytes = Buffer.concat([bytes, bytesOf(data.element)]);
    // One thread reads what another one acknowledges: which is first is chance.
    if (bytes.length === size) await conversations.says(success(sid));
    data.answer();
  }
  if (size === 0) await conversations.says(success(sid));
  conversations.leaves();
  return bytes;
}

/** Three blocks at a time, numbered on beyond 65,535; never a close. It ends the session when it has sent all. */
export async function conversationsSends(conversations: Script, bytes: Buffer): Promise<void> {
  await conversations.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='c1'
        initiator='${conversations.session.jid}'>
      <content creator='initiator' name='Zr1YJ' senders='initiator'>
        <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
          <file>
            <name>letter.txt</name><size>${bytes.length}</size><mediaType>text/plain</mediaType>
          </file>
        </description>
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b1' block-size='${MAX_BLOCK_SIZE}'/>
      </content>
    </jingle>`);
  const { transport } = readOffer(await conversations.hears('session-accept'));
  const blockSize = Number(transport['block-size']);
  await conversations.says(`
    <open xmlns='http://jabber.org/protocol/ibb' sid='b1' block-size='${blockSize}' stanza='iq'/>`);
  const underWay = blocks('b1', bytes, blockSize);
  while (underWay.length > 0) {
    await Promise.all(underWay.splice(0, 3).map((block) => conversations.says(block)));
  }
  conversations.leaves();
  await conversations.says(success('c1'));
}

const success = (sid: string) => `
  <jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='${sid}'>
    <reason><success/></reason>
  </jingle>`;
