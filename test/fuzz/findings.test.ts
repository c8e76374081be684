import { expect, test } from '@jest/globals';
import * as ibb from '../../src/protocol/ibb/stanzas.js';
import * as si from '../../src/protocol/si/stanzas.js';
import { type Element, xml } from '../../src/session/xml.js';
import { checkPlaces, offer, open, streamOf, terminate } from './places.js';
import { Random } from './random.js';
import { FuzzServer } from './server.js';

const SENDER = 'sender@friends.example/x';

async function startServer(): Promise<FuzzServer> {
  const server = new FuzzServer(new Random(1));
  server.refusals = 0;
  await server.daemon.start(['friends.example']);
  await server.settle();
  return server;
}

// What the fuzzer has found once.
test('a sender that is content before it has sent anything takes no place away', async () => {
  const server = await startServer();
  await server.ask(offer('s1'), SENDER);
  await server.ask(open(streamOf('s1')), SENDER);
  const { attrs } = await server.ask(terminate('s1', 'success'), SENDER);
  expect(attrs.type).toBe('result');
  await checkPlaces(server, 1);
  await server.daemon.stop();
});

test('a sender that opens the bytestream and refuses its acceptance takes no place away', async () => {
  const server = await startServer();
  server.refusals = 1;
  server.send(offer('s1'), SENDER);
  const { attrs } = await server.ask(open(streamOf('s1')), SENDER);
  expect(attrs.type).toBe('result');
  await checkPlaces(server, 1);
  await server.daemon.stop();
});

test('a file that has arrived by SI leaves its place to others', async () => {
  const server = await startServer();
  const set = (payload: Element) => xml('iq', { type: 'set' }, payload);
  const said = [
    set(si.offer('s1', { name: 'file', size: 1 })),
    open('s1'),
    set(ibb.data('s1', 0, Buffer.from('x'))),
    set(ibb.close('s1')),
  ];
  for (const one of said) {
    expect((await server.ask(one, SENDER)).attrs.type).toBe('result');
  }
  await checkPlaces(server, 1);
  await server.daemon.stop();
});
