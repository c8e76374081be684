import { expect, test } from '@jest/globals';
import { NS_DISCO_INFO } from '../../src/protocol/disco.js';
import * as ibb from '../../src/protocol/ibb/stanzas.js';
import { description } from '../../src/protocol/jingle/file-description.js';
import * as jingle from '../../src/protocol/jingle/stanzas.js';
import { transport } from '../../src/protocol/jingle/transports/ibb-stanzas.js';
import * as si from '../../src/protocol/si/stanzas.js';
import { type Element, xml } from '../../src/session/xml.js';
import { passedOn } from '../support/servers/strict-server.js';
import { checkPlaces, offer, open, streamOf, terminate } from './places.js';
import { Random } from './random.js';
import { FuzzServer } from './server.js';

const LONG_ID = "'".repeat(1_024);
const SENDER = 'sender@friends.example/x';
const STRANGER = 'stranger@evil.example/x';
const CONTENT = { creator: 'initiator', name: 'file', senders: 'initiator' } as const;

const set = (payload: Element) => xml('iq', { type: 'set' }, payload);

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

const disco = () => xml('iq', { type: 'get' }, xml('query', { xmlns: NS_DISCO_INFO }));

// What ended the session on real servers once; `settle` throws where one would end it.
test('an id of which a server makes six times as much is answered (R97)', async () => {
  const server = await startServer();
  server.passOn = passedOn;
  for (const from of [SENDER, STRANGER]) {
    const { attrs } = await server.ask(disco(), from, LONG_ID);
    expect(attrs.id).toBe(LONG_ID);
  }
  await server.daemon.stop();
});

test('a name of 200,000 letters that are escaped does not go back (R97)', async () => {
  const server = await startServer();
  server.passOn = passedOn;
  const file = description({ name: '>'.repeat(200_000), size: 1 });
  const stream = transport({ sid: 's1.ibb', blockSize: 64, stanza: 'iq' });
  const offered = jingle.content(CONTENT, file, stream);
  server.send(set(jingle.jingle('session-initiate', 's1', {}, offered)), SENDER);
  await server.settle();
  expect((await server.ask(disco(), SENDER)).attrs.type).toBe('result');
  await server.daemon.stop();
});

test('a prefix that was declared further out does not go back without its declaration (R97)', async () => {
  const server = await startServer();
  server.passOn = String;
  await server.ask(offer('s1'), SENDER);
  const foreign = xml('transport', { xmlns: 'urn:x', 'q:a': '1' });
  const replace = jingle.jingle('transport-replace', 's1', {}, jingle.content(CONTENT, foreign));
  replace.attrs['xmlns:q'] = 'urn:q';
  expect((await server.ask(set(replace), SENDER)).attrs.type).toBe('result');
  await server.settle();
  await server.daemon.stop();
});

test('a namespace that a server writes a thousand times does not end the stream (R97)', async () => {
  const server = await startServer();
  server.passOn = passedOn;
  const inner = Array.from({ length: 1_000 }, () => xml('n:a'));
  const far = { xmlns: 'urn:x', 'xmlns:n': 'n'.repeat(5_000) };
  server.send(xml('message', {}, xml('x', far, ...inner)), STRANGER);
  expect((await server.ask(disco(), SENDER)).attrs.type).toBe('result');
  await server.daemon.stop();
});
