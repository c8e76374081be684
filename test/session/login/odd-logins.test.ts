import { describe, expect, test } from '@jest/globals';
import {
  ResourceConflict,
  withAnother,
} from '../../../src/session/connection/resource-conflict.js';
import { ownHints } from '../../../src/session/hints.js';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import {
  attribute,
  authenticate,
  BIND,
  type Peer,
  secure,
} from '../../support/servers/scripted-server.js';
import {
  hintsOf,
  honest,
  JID,
  meet,
  only,
  prepareHostileServers,
  readIdentity,
  trusted,
} from '../hostile-server/hostile-server.js';

// Servers that do what they may, and few do.

prepareHostileServers();

const NS_SESSION = 'urn:ietf:params:xml:ns:xmpp-session';
const bound = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${JID}</jid></bind>`;

const failed = (condition: string) =>
  `<error type='cancel'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;

/** A login up to the request to bind, whose id it returns. */
async function upToBinding(peer: Peer, features = ''): Promise<string> {
  await secure(peer, honest);
  await authenticate(peer, honest);
  await peer.header(BIND + features);
  return (await peer.stanza('iq')).id;
}

async function bindOn(peer: Peer, features: string): Promise<void> {
  const id = await upToBinding(peer, features);
  peer.write(`<iq type='result' id='${id}'>${bound}</iq>`);
}

describe('a server that wants a session beside the resource (RFC 3921)', () => {
  test('gets the request for it before anything else (R79)', async () => {
    const { server, outcome } = await meet(async (peer) => {
      await bindOn(peer, `<session xmlns='${NS_SESSION}'/>`);
      const { id, text } = await peer.stanza('iq');
      expect(text).toContain(NS_SESSION);
      peer.write(`<iq type='result' id='${id}'/>`);
    });
    expect((await outcome).jid).toBe(JID);
    expect(only(server).received.tls).toContain('<session ');
  });

  test('and refuses it has not let us in (R79)', async () => {
    const { outcome } = await meet(async (peer) => {
      await bindOn(peer, `<session xmlns='${NS_SESSION}'/>`);
      const { id } = await peer.stanza('iq');
      peer.write(`<iq type='error' id='${id}'>${failed('internal-server-error')}</iq>`);
    });
    await expect(outcome).rejects.toThrow(ConnectionFailed);
    await expect(outcome).rejects.toThrow(
      'the server refused to begin a session (internal-server-error)',
    );
  });

  test('and calls it optional is not asked', async () => {
    const { server, outcome } = await meet((peer) =>
      bindOn(peer, `<session xmlns='${NS_SESSION}'><optional/></session>`),
    );
    expect((await outcome).jid).toBe(JID);
    expect(only(server).received.tls).not.toContain('<session ');
  });
});

describe('a domain', () => {
  const unknown =
    "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";

  /** The domains that were asked for, one a connection, at a server that serves none of them. */
  async function asked(account: string, scheme: 'xmpp' | 'xmpps') {
    const domains: string[] = [];
    const identity = await readIdentity(trusted.issue('xn--bcher-kva.example'));
    const { outcome } = await meet(
      async (peer) => {
        if (scheme === 'xmpps') await peer.startTls(identity);
        const [header] = await peer.expect(/<stream:stream[^>]*>/);
        domains.push(attribute(header, 'to'));
        peer.write(
          `<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' xmlns:stream='http://etherx.jabber.org/streams' id='1'>${unknown}`,
        );
        peer.end();
      },
      { account, scheme },
    );
    await expect(outcome).rejects.toThrow(
      scheme === 'xmpps' ? 'the server does not serve ' : / port \d+ does not serve /,
    );
    return domains;
  }

  const [unicode, ascii] = ['bücher.example', 'xn--bcher-kva.example'];

  test.each<[string, 'xmpp' | 'xmpps', string[]]>([
    [unicode, 'xmpp', [unicode, ascii]],
    [ascii, 'xmpp', [ascii, unicode]],
    [unicode, 'xmpps', [unicode, ascii]],
    [ascii, 'xmpps', [ascii, unicode]],
  ])(
    'that the server does not know as %s (%s) is asked for in its other form (R79)',
    async (domain, scheme, forms) => {
      expect(await asked(`romeo@${domain}`, scheme)).toEqual(forms);
    },
  );

  test('of one form is asked for once', async () => {
    expect(await asked('romeo@books.example', 'xmpp')).toEqual(['books.example']);
  });
});

describe('a resource', () => {
  test('that another client has is a conflict, and no fault of the network: another one helps (R79, R1288)', async () => {
    const { outcome } = await meet(async (peer) => {
      const id = await upToBinding(peer);
      peer.write(`<iq type='error' id='${id}'>${failed('conflict')}</iq>`);
    });
    await expect(outcome).rejects.toThrow(ResourceConflict);
    await expect(outcome).rejects.toThrow(/^another client has the resource "inband-\w+"$/);
    expect(await hintsOf(outcome)).toEqual([
      expect.stringMatching(
        /^for both at a time give one of them another resource: -a \S+\/second$/,
      ),
    ]);
  });

  test.each([
    ['romeo@example.org/desk', 'romeo@example.org/second'],
    ['romeo@example.org/second', 'romeo@example.org/third'],
    ['$(x)@example.org', "'$(x)@example.org/second'"],
  ])('of %s is not advised again, and as a shell takes it (R1288)', (jid, other) => {
    const error = withAnother(new ResourceConflict('taken'), jid);
    expect(ownHints(error)).toEqual([
      `for both at a time give one of them another resource: -a ${other}`,
    ]);
  });

  test('that the server does not take is named, with what to do (R79)', async () => {
    const { outcome } = await meet(
      async (peer) => {
        const id = await upToBinding(peer);
        peer.write(`<iq type='error' id='${id}'>${failed('not-allowed')}</iq>`);
      },
      { resource: 'inband' },
    );
    await expect(outcome).rejects.toThrow('the server refused the resource "inband" (not-allowed)');
    expect(await hintsOf(outcome)).toEqual(['use another one: -a name@example.org/laptop']);
  });
});
