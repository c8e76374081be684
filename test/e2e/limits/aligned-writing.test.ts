import { expect, test } from '@jest/globals';
import { dial } from '../../../src/session/dial/dial.js';
import { logIn } from '../../../src/session/login/login.js';
import { exchange } from '../../../src/session/login/open-stream.js';
import { ping } from '../../../src/session/ping.js';
import { serialize } from '../../../src/session/stream/serialize.js';
import { XmppStream } from '../../../src/session/stream/xmpp-stream.js';
import { TcpWire } from '../../../src/session/wires/tcp-wire.js';
import { xml } from '../../../src/session/xml.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { DOMAIN, HOST } from '../../support/servers/server.js';

const COUNT = 200;

test.each([
  ['Prosody', startProsody],
  ['ejabberd', startEjabberd],
])('%s reads stanzas of all sizes that are aligned with its reads (R152)', async (_, start) => {
  const server = await start();
  try {
    const { password } = server.account('alice');
    const endpoint = { host: HOST, port: server.port, directTls: false };
    const signal = AbortSignal.timeout(60_000);
    const { socket } = await dial([endpoint], { domain: DOMAIN, ca: server.ca, signal });
    const stream = new XmppStream(new TcpWire(socket));
    await logIn(stream, { domain: DOMAIN, username: 'alice', password, allowPlain: false });
    const bind = xml('bind', { xmlns: 'urn:ietf:params:xml:ns:xmpp-bind' });
    await exchange(
      stream,
      xml('iq', { type: 'set', id: 'bind' }, bind),
      ({ name }) => name === 'iq',
    );
    stream.alignAfter(Promise.resolve());
    const answered = new Promise<string[]>((resolve) => {
      const ids: string[] = [];
      stream.consume(({ attrs: { id = '' } }) => {
        ids.push(id);
        if (ids.length === COUNT) resolve(ids);
      });
    });
    const ids = Array.from({ length: COUNT }, (_unused, index) =>
      `${index}`.padEnd(1 + 7 * index, 'x'),
    );
    for (const id of ids) await stream.write(serialize(xml('iq', { type: 'get', id }, ping())));
    expect(await answered).toEqual(ids);
    expect(stream.paddedBytes).toBeGreaterThan(COUNT);
    await stream.close();
  } finally {
    await server.stop();
  }
});
