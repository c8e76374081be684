import { expect, test } from '@jest/globals';
import { onScriptedServer } from './on-scripted-server.js';

const startInband = onScriptedServer();

const PING = `<iq type='get' id='ping' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;
const OPEN = `<iq type='set' id='open' from='alice@localhost/phone'>
  <open xmlns='http://jabber.org/protocol/ibb' sid='s1' block-size='4096'/></iq>`;

test('says that it is online when it knows its contacts and takes their files, not sooner', async () => {
  const [receive, peer] = await startInband(['receive', '--json']);
  const { id, text } = await peer.stanza('iq');
  expect(text).toContain('jabber:iq:roster');
  peer.write(PING);
  await peer.expect(/<iq[^>]*id="ping"/);
  expect(receive.stdout()).toBe('');

  const item = `<item jid='alice@localhost' subscription='both'/>`;
  const query = `<query xmlns='jabber:iq:roster'>${item}</query>`;
  peer.write(`<iq type='result' id='${id}'>${query}</iq>`);
  await receive.line(/^\{"event":"state","state":"online"/);
  peer.write(OPEN);
  const [answer] = await peer.expect(/<iq[^>]*id="open"[^>]*>/);
  expect(answer).toContain('type="result"');
});
