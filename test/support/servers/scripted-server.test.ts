import { once } from 'node:events';
import { connect } from 'node:net';
import { getActiveResourcesInfo } from 'node:process';
import { expect, test } from '@jest/globals';
import { scriptedServer } from './scripted-server.js';

test.each([
  ['of more than 256 KiB', `<iq id="${'x'.repeat(262_200)}"/>`, 'policy-violation'],
  ['that is not well-formed', `<iq id=">" to='&'/>`, 'not-well-formed'],
  ['with a prefix that nobody declares', '<message><q:a/></message>', 'not-well-formed'],
])('a scripted server ends the stream over a stanza %s (R97)', async (_what, text, condition) => {
  const server = await scriptedServer((peer) => peer.ended);
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
  let heard = '';
  socket.on('data', (chunk: string) => {
    heard += chunk;
  });
  socket.write(text);
  await once(socket, 'end');
  expect(heard).toContain(`<stream:error><${condition}`);
  socket.destroy();
  await expect(server.stop()).rejects.toThrow(condition);
});

test('a scripted server that nobody stops keeps no process running', async () => {
  const server = await scriptedServer((peer) => peer.ended);
  expect(getActiveResourcesInfo()).not.toContain('TCPServerWrap');
  await server.stop();
});
