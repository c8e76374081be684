import { expect, test } from '@jest/globals';
import { NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import { MalformedJid } from '../../../src/session/jid.js';
import { ConnectionLost, StanzaSession } from '../../../src/session/stanza-session.js';
import { xml } from '../../../src/session/xml.js';
import { holders, readHolder } from '../../../src/transfer/finding/holders.js';

const never = new AbortController().signal;

/** Romeo, whose contact Juliet is seen with these resources; those named `blobs…` say that they serve blobs. */
function seeing(resources: string[]) {
  const asked: string[] = [];
  const session: StanzaSession = new StanzaSession('romeo@montague.example/orchard', {
    write: async ({ name, attrs: { to = '', id } }) => {
      if (name === 'presence') {
        for (const one of resources) session.receive(xml('presence', { from: `${to}/${one}` }));
        return;
      }
      asked.push(to);
      const feature = to.includes('/blobs') ? xml('feature', { var: 'urn:xmpp:bob' }) : undefined;
      const info = xml('query', { xmlns: NS_DISCO_INFO }, feature);
      const mute = to.includes('/refuses');
      session.receive(xml('iq', { type: mute ? 'error' : 'result', from: to, id }, info));
    },
    close: async () => undefined,
  });
  return { session, asked };
}

async function all(session: StanzaSession, ...jids: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const jid of holders(session, jids, never)) found.push(jid);
  return found;
}

test('a full JID and a service are asked as they are, and nobody else', async () => {
  const { session, asked } = seeing(['blobs']);
  const jids = ['juliet@capulet.example/balcony', 'capulet.example'];
  expect(await all(session, ...jids)).toEqual(jids);
  expect(asked).toEqual([]);
});

test('a bare JID is its resource inband, then those seen that advertise blobs', async () => {
  const { session } = seeing(['chat', 'blobs1', 'inband', 'refuses', 'blobs2']);
  expect(await all(session, 'juliet@capulet.example', 'capulet.example')).toEqual([
    'juliet@capulet.example/inband',
    'juliet@capulet.example/blobs1',
    'juliet@capulet.example/blobs2',
    'capulet.example',
  ]);
});

test('nobody is looked for while the first one may have it', async () => {
  const { session, asked } = seeing(['blobs']);
  const found = holders(session, ['juliet@capulet.example'], never);
  expect((await found.next()).value).toBe('juliet@capulet.example/inband');
  await found.return(undefined);
  expect(asked).toEqual([]);
});

test('no more than twenty resources are asked', async () => {
  const { session } = seeing(Array.from({ length: 1000 }, (_, count) => `blobs${count}`));
  expect(await all(session, 'juliet@capulet.example')).toHaveLength(21);
});

test('the own account has no resources that we see', async () => {
  const { session, asked } = seeing(['blobs']);
  expect(await all(session, 'romeo@montague.example')).toEqual(['romeo@montague.example/inband']);
  expect(asked).toEqual([]);
});

test('the search ends with the session, or when the user has had enough', async () => {
  const cut = seeing([]).session;
  const found = holders(cut, ['juliet@capulet.example'], never);
  await found.next();
  cut.end(new ConnectionLost('cut'));
  await expect(found.next()).rejects.toThrow('cut');

  const enough = new AbortController();
  const other = holders(seeing([]).session, ['juliet@capulet.example'], enough.signal);
  await other.next();
  enough.abort(new Error('enough'));
  await expect(other.next()).rejects.toThrow('enough');
});

test('whom to ask is an address', () => {
  expect(readHolder('Juliet@Capulet.Example')).toBe('juliet@capulet.example');
  expect(() => readHolder('@')).toThrow(MalformedJid);
});
