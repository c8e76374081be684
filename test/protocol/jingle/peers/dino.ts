// Dino (2026-06): xmpp-vala/src/module/xep/{0047,0166_jingle,0234,0261}.
import { StanzaError } from '../../../../src/session/stanza-error.js';
import { blocks, bytesOf, readOffer, type Script } from './script.js';

/** Resolves when the bytestream is open. */
export async function accepts(dino: Script) {
  const initiate = await dino.next('session-initiate');
  const { sid, content, description, size, transport } = readOffer(initiate.element);
  if (Number.isNaN(size)) throw new Error('bad-request: file offer without file size');
  initiate.answer(); // after it has been read
  const { creator, name, senders } = content.attrs;
  await dino.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='${sid}'>
      <content creator='${creator}' name='${name}' senders='${senders}'>
        ${description}
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='${transport.sid}'
          block-size='${transport['block-size']}'/>
      </content>
    </jingle>`);
  const open = await dino.next('open');
  const { 'block-size': blockSize, stanza = 'iq' } = open.element.attrs;
  if (Number(blockSize) > Number(transport['block-size'])) throw new Error('resource-constraint');
  if (stanza !== 'iq') {
    open.answer(new StanzaError('cancel', 'feature-not-implemented'));
    await dino.hears('session-terminate');
    throw new Error('only iq stanzas are supported');
  }
  open.answer();
  return { sid, size };
}

/** It is content with `size` bytes: it ends the session, and knows nothing of a close that comes after. */
export async function dinoTakes(dino: Script): Promise<Buffer> {
  const { sid, size } = await accepts(dino);
  let bytes = Buffer.alloc(0);
  while (bytes.length < size) bytes = Buffer.concat([bytes, bytesOf(await dino.hears('data'))]);
  dino.leaves();
  await dino.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='${sid}'>
      <reason><success/></reason>
    </jingle>`);
  return bytes;
}

/**
 * What it does with every file that comes in-band (0.3 to 0.5.1, and in 2026-06): it acknowledges all, keeps nothing, and
 * answers pings for as long as its sender asks.
 */
export async function dinoLoses(dino: Script): Promise<void> {
  const { size } = await accepts(dino);
  for (let bytes = 0; bytes < size; ) bytes += bytesOf(await dino.hears('data')).length;
  await dino.hears('close');
  let action: string | undefined;
  while (action !== 'session-terminate') action = (await dino.hearsAny()).attrs.action;
}

/** It tells no hash, closes when all blocks are acknowledged, and leaves the ending of the session to the recipient. */
export async function dinoSends(dino: Script, bytes: Buffer): Promise<void> {
  await dino.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='d1'
        initiator='${dino.session.jid}'>
      <content creator='initiator' name='a-file-offer' senders='initiator'>
        <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
          <file><name>letter.txt</name><size>${bytes.length}</size></file>
        </description>
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='b1' block-size='4096'/>
      </content>
    </jingle>`);
  const accept = readOffer(await dino.hears('session-accept'));
  if (accept.content.attrs.name !== 'a-file-offer') throw new Error('no such content');
  const blockSize = accept.transport['block-size'];
  await dino.says(
    `<open xmlns='http://jabber.org/protocol/ibb' sid='b1' block-size='${blockSize}'/>`,
  );
  for (const block of blocks('b1', bytes, Number(blockSize))) await dino.says(block);
  await Promise.all([
    dino.says(`<close xmlns='http://jabber.org/protocol/ibb' sid='b1'/>`),
    // It does not know what the recipient says of the file.
    dino.refuses('session-info', 'cancel', 'feature-not-implemented'),
  ]);
  await dino.hears('session-terminate');
}
