import { expect, test } from '@jest/globals';
import { onScriptedServer } from './on-scripted-server.js';

const startInband = onScriptedServer();

const ALICE = 'alice@localhost/phone';
const SHUTDOWN = `<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`;

test('ends with 7 when the server ends the stream in one breath with an acknowledgement', async () => {
  const [send, peer] = await startInband([
    'send',
    '--via',
    'ibb',
    '--encrypt',
    'off',
    '--window',
    '1',
    '/dev/zero',
    ALICE,
  ]);
  const result = (id: string) => `<iq type='result' id='${id}' from='${ALICE}'/>`;
  // The contacts are asked for beside it.
  let open = await peer.stanza('iq');
  while (!open.text.includes('<open ')) open = await peer.stanza('iq');
  peer.write(result(open.id));
  let data = await peer.stanza('iq');
  while (!data.text.includes('<data ')) data = await peer.stanza('iq');
  peer.write(`${result(data.id)}${SHUTDOWN}</stream:stream>`);
  expect(await send.exited).toEqual({ code: 7, signal: null });
  expect(send.stderr()).toMatch(/^inband: .*system-shutdown/m);
});
