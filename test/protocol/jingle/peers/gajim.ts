// Gajim 1.x (up to 1.9.5): gajim/common/jingle*.py, modules/ibb.py.
import { createHash } from 'node:crypto';
import { blocks, bytesOf, readOffer, type Script } from './script.js';

const BLOCK_SIZE = 4096;

/** A close is the end: of the file when there are enough bytes, else of the attempt. */
export async function gajimTakes(gajim: Script): Promise<Buffer> {
  const { sid, size, content, description, transport } = readOffer(
    await gajim.hears('session-initiate'),
  );
  const { creator, name } = content.attrs;
  await gajim.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='${sid}'
        responder='${gajim.session.jid}'>
      <content creator='${creator}' name='${name}' senders='initiator'>
        ${description}
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='${transport.sid}'
          block-size='${transport['block-size']}'/>
      </content>
    </jingle>`);
  await gajim.hears('open');
  const received: Buffer[] = [];
  for (let seq = 0; ; seq += 1) {
    const { element, answer } = await gajim.next(
      received.reduce((sum, { length }) => sum + length, 0) < size ? 'data' : 'close',
    );
    if (element.name === 'data' && element.attrs.seq !== String(seq)) throw new Error('wrong seq');
    answer();
    if (element.name === 'close') break;
    received.push(bytesOf(element));
  }
  await gajim.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='${sid}'>
      <reason><success/></reason>
    </jingle>`);
  return Buffer.concat(received);
}

/** It wants its content back by creator and name, to the letter; and tells a hash when it has computed it. */
export async function gajimSends(gajim: Script, bytes: Buffer): Promise<void> {
  await gajim.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='g1'
        initiator='${gajim.session.jid}'>
      <content creator='initiator' name='fileOFFER 1' senders='initiator'>
        <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
          <file>
            <name>letter.txt</name><date>2024-02-03T04:05:06Z</date><size>${bytes.length}</size>
            <media-type>text/plain</media-type><desc/>
            <hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>
          </file>
        </description>
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b1' block-size='${BLOCK_SIZE}'/>
      </content>
    </jingle>`);
  const { content } = readOffer(await gajim.hears('session-accept'));
  const { creator, name } = content.attrs;
  if (creator !== 'initiator' || name !== 'fileOFFER 1') throw new Error('no such content');
  await gajim.says(`
    <open xmlns='http://jabber.org/protocol/ibb' sid='b1' block-size='${BLOCK_SIZE}' stanza='iq'/>`);
  for (const block of blocks('b1', bytes, BLOCK_SIZE)) await gajim.says(block);
  const closed = gajim.says(`<close xmlns='http://jabber.org/protocol/ibb' sid='b1'/>`);
  const sha256 = createHash('sha256').update(bytes).digest('base64');
  await gajim.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='g1'>
      <checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5' creator='initiator' name='${name}'>
        <file><hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>${sha256}</hash></file>
      </checksum>
    </jingle>`);
  await gajim.hears('session-info');
  await closed;
  await gajim.hears('session-terminate');
}
