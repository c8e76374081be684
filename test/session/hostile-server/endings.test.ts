import { describe, expect, jest, test } from '@jest/globals';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import { xml } from '../../../src/session/xml.js';
import {
  authenticate,
  BIND,
  mechanisms,
  type Peer,
  PROCEED,
  type Script,
  STARTTLS,
  secure,
} from '../../support/servers/scripted-server.js';
import {
  honest,
  JULIET,
  meet,
  NOT_ONLINE,
  NS_PING,
  online,
  only,
  prepareHostileServers,
  refusal,
  streamError,
} from './hostile-server.js';

prepareHostileServers();

describe('a login that stops', () => {
  const stages: [string, Script][] = [
    ['before the stream header', (peer) => peer.expect(/<stream:stream/)],
    ['before the features', (peer) => peer.header()],
    [
      'before the TLS handshake',
      async (peer) => {
        await peer.header(STARTTLS);
        await peer.expect(/<starttls[^>]*>/);
        peer.write(PROCEED);
        await peer.expect(/./); // the ClientHello
      },
    ],
    [
      'inside TLS',
      async (peer) => {
        await secure(peer, honest);
        await peer.expect(/<stream:stream/);
      },
    ],
    [
      'in answer to <auth/>',
      async (peer) => {
        await secure(peer, honest);
        await peer.header(mechanisms('SCRAM-SHA-256'));
        await peer.expect(/<\/auth>/);
      },
    ],
    [
      'after the success',
      async (peer) => {
        await secure(peer, honest);
        await authenticate(peer, honest);
        await peer.expect(/<stream:stream/);
      },
    ],
    [
      'before the last features',
      async (peer) => {
        await secure(peer, honest);
        await authenticate(peer, honest);
        await peer.header();
      },
    ],
    [
      'in answer to the binding',
      async (peer) => {
        await secure(peer, honest);
        await authenticate(peer, honest);
        await peer.header(BIND);
        await peer.stanza('iq');
      },
    ],
  ];

  test.each(stages)('with silence %s is given up after the timeout', async (_, stage) => {
    const { server, outcome } = await meet(stage, { timeout: 200 });
    await expect(outcome).rejects.toBeInstanceOf(ConnectionFailed);
    const why = `127.0.0.1 port ${server.port} does not (answer|go on with the login)`;
    await expect(outcome).rejects.toThrow(new RegExp(`^not online after 0.2 s: ${why}$`));
    await only(server).ended;
  });

  const endings: [string, (peer: Peer) => void][] = [
    ['a close', (peer) => peer.end()],
    ['a cut', (peer) => peer.destroy()],
    ['a good-bye', (peer) => peer.write('</stream:stream>')],
    ['broken XML', (peer) => peer.write('<a></b>')],
    ['a stream error', (peer) => peer.write(streamError('system-shutdown'))],
  ];
  const ended = endings.flatMap(([how, end]) =>
    stages.map(([when, stage]) => [how, when, stage, end] as const),
  );

  test.each(ended.slice(0, 2 * stages.length))(
    'with %s %s rejects with ConnectionFailed',
    async (_how, _when, stage, end) => {
      const { outcome } = await meet((peer) => stage(peer).then(() => end(peer)));
      await expect(outcome).rejects.toEqual(refusal(/^ConnectionFailed$/));
    },
  );

  test.each(ended.slice(2 * stages.length))(
    'with %s %s rejects, and the connection is closed',
    async (_how, _when, stage, end) => {
      const { server, outcome } = await meet((peer) => stage(peer).then(() => end(peer)));
      await expect(outcome).rejects.toEqual(NOT_ONLINE);
      await only(server).ended;
    },
  );

  test.each(stages)('by the abort signal %s rejects with its reason', async (_, stage) => {
    const reason = new Error('changed my mind');
    const abort = new AbortController();
    const { server, outcome } = await meet(
      async (peer) => {
        await stage(peer);
        abort.abort(reason);
      },
      { signal: abort.signal },
    );
    await expect(outcome).rejects.toBe(reason);
    await only(server).ended;
  });

  test('before it began connects to nobody', async () => {
    const reason = new Error('changed my mind');
    const { server, outcome } = await meet((peer) => peer.header(), {
      signal: AbortSignal.abort(reason),
    });
    await expect(outcome).rejects.toBe(reason);
    await Promise.all(server.peers.map((peer) => peer.ended));
    expect(server.peers.map((peer) => peer.received.plain).join('')).toBe('');
  });
});

describe('when the connection goes', () => {
  test.each(['destroy', 'end'] as const)(
    'with %s, requests reject with ConnectionLost',
    async (how) => {
      const [session, peer] = await online();
      const pending = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
      await peer.stanza('iq');
      peer[how]();
      await expect(pending).rejects.toBeInstanceOf(ConnectionLost);
      expect(session.ended.aborted).toBe(true);
      expect(session.ended.reason).toBeInstanceOf(ConnectionLost);
      const late = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
      await expect(late).rejects.toBeInstanceOf(ConnectionLost);
      await expect(session.send(xml('presence'))).rejects.toBeInstanceOf(ConnectionLost);
    },
  );

  test('close() resolves, twice as well', async () => {
    const [session, peer] = await online();
    peer.destroy();
    await expect(session.close()).resolves.toBeUndefined();
    await expect(session.close()).resolves.toBeUndefined();
  });

  test('close() resolves though the server answers no closing tag, or reads no more', async () => {
    const [[session, peer], [unread, deaf]] = await Promise.all([online(), online()]);
    const pending = session.request('get', JULIET, xml('ping', { xmlns: NS_PING }));
    deaf.stall();
    const closed = [session.close(), unread.close()];
    await expect(pending).rejects.toBeInstanceOf(ConnectionLost);
    await peer.expect(/<\/stream:stream>/);
    await expect(Promise.all(closed)).resolves.toBeDefined();
    expect([session.ended.aborted, unread.ended.aborted]).toEqual([true, true]);
  });

  test('a request for an acknowledgement that comes too late cuts off nothing that is still on its way (R1298)', async () => {
    const [session, peer] = await online({}, { streamManagement: true });
    // However long the server takes to read it all, here.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      peer.stall();
      const body = xml('body', {}, 'x'.repeat(200_000));
      const stanzas = Array.from({ length: 60 }, (_, id) =>
        xml('message', { to: JULIET, id }, body),
      );
      const sent = Promise.all(stanzas.map((stanza) => session.send(stanza)));
      const closed = session.close();
      await expect(session.sync()).rejects.toBeInstanceOf(ConnectionLost);
      peer.goOn();
      for (const { attrs } of stanzas) await peer.expect(new RegExp(`id="${attrs.id}"`));
      await peer.expect(/<\/message><r [^>]*><a [^>]*><\/stream:stream>$/);
      await sent;
      peer.write('</stream:stream>');
      await closed;
    } finally {
      jest.useRealTimers();
    }
  });
});
