import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startEjabberd } from './ejabberd.js';
import { startProsody } from './prosody.js';
import { HAS_PEERS, type TestServer } from './server.js';

const HEADER = `<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client'
  xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`;
const PROGRAMS = [
  { name: 'Prosody', startServer: startProsody },
  ...(HAS_PEERS ? [{ name: 'ejabberd', startServer: startEjabberd }] : []),
];

/** Writes stanzas and collects what is answered, until it matches. */
async function exchange(socket: Socket, text: string, until: RegExp): Promise<string> {
  let answer = '';
  socket.write(text);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    answer += chunk;
    if (until.test(answer)) return answer;
  }
  throw new Error(`closed after ${answer}`);
}

async function connectDirectTls({ directTlsService, ca }: TestServer): Promise<Socket> {
  const port = Number(new URL(directTlsService).port);
  const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  return socket;
}

async function login(
  server: TestServer,
  name: string,
): Promise<{ socket: Socket; features: string }> {
  const socket = await connectDirectTls(server);
  const { password } = server.account(name);
  const credentials = Buffer.from(`\0${name}\0${password}`).toString('base64');
  await exchange(socket, HEADER, /<\/stream:features>/);
  await exchange(
    socket,
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${credentials}</auth>`,
    /<success/,
  );
  const features = await exchange(socket, HEADER, /<\/stream:features>/);
  await exchange(
    socket,
    `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
    /<\/iq>/,
  );
  return { socket, features };
}

const mechanismsOf = (features: string) =>
  [...features.matchAll(/<mechanism>([^<]*)</g)].map(([, name]) => name).sort();

describe.each(PROGRAMS)('$name', ({ startServer }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test('requires STARTTLS on its plain port', async () => {
    const socket = connect(server.port, '127.0.0.1');
    const features = await exchange(socket, HEADER, /<\/stream:features>/);
    expect(features).toMatch(/<starttls[^>]*><required\/>/);
    expect(mechanismsOf(features)).toEqual([]);
    socket.destroy();
  });

  test('offers PLAIN, SCRAM and stream management, with a certificate of its own CA', async () => {
    const socket = await connectDirectTls(server);
    const features = await exchange(socket, HEADER, /<\/stream:features>/);
    expect(mechanismsOf(features)).toEqual(expect.arrayContaining(['PLAIN', 'SCRAM-SHA-1']));
    socket.destroy();
    const session = await login(server, 'alice');
    expect(session.features).toContain('urn:xmpp:sm:3');
    session.socket.destroy();
  });

  test('knows an account that was added, and its contacts', async () => {
    await server.addAccount('carol', 'top secret');
    await server.addAccount('jörg.o-neill');
    await server.subscribe('carol', 'bob');
    await server.subscribe('jörg.o-neill', 'carol');
    for (const name of ['carol', 'jörg.o-neill']) {
      const { socket } = await login(server, name);
      const query = `<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`;
      const roster = await exchange(socket, query, /<\/iq>/);
      const items = [...roster.matchAll(/<item [^>]*>/g)].map(([item]) => item);
      const contacts = name === 'carol' ? ['bob', 'jörg.o-neill'] : ['carol'];
      expect(items).toHaveLength(contacts.length);
      for (const contact of contacts) expect(items.join()).toContain(`'${contact}@localhost'`);
      for (const item of items) expect(item).toContain(`subscription='both'`);
      socket.destroy();
    }
  });

  test('leaves out what it is told to, and leaves nothing behind', async () => {
    const limited = await startServer({ plainOnly: true, streamManagement: false });
    const socket = await connectDirectTls(limited);
    expect(mechanismsOf(await exchange(socket, HEADER, /<\/stream:features>/))).toEqual(['PLAIN']);
    socket.destroy();
    const session = await login(limited, 'bob');
    expect(session.features).not.toContain('urn:xmpp:sm:3');
    session.socket.destroy();

    await limited.stop();
    expect(existsSync(limited.caPath)).toBe(false);
    await expect(once(connect(limited.port, '127.0.0.1'), 'connect')).rejects.toThrow(
      /ECONNREFUSED/,
    );
  });
});

test('Prosody offers SCRAM-SHA-256 as well when it has the passwords', async () => {
  const server = await startProsody({ authentication: 'internal_plain' });
  const socket = await connectDirectTls(server);
  const features = await exchange(socket, HEADER, /<\/stream:features>/);
  expect(mechanismsOf(features)).toEqual(['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256']);
  socket.destroy();
  await server.stop();
});

test('Prosody keeps ports and accounts over a restart', async () => {
  const server = await startProsody();
  await server.addAccount('carol');
  await server.restart();
  const { socket } = await login(server, 'carol');
  socket.destroy();
  await server.stop();
});
