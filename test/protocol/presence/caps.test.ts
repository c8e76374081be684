import { expect, test } from '@jest/globals';
import { infoElement, NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import {
  CapsCache,
  caps,
  nodeOf,
  readCaps,
  verificationOf,
} from '../../../src/protocol/presence/caps.js';
import { StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';

/** XEP-0115 §5.2 */
const EXODUS = `<query xmlns='http://jabber.org/protocol/disco#info'
    node='http://code.google.com/p/exodus#QgayPKawpkPSDYmwT/WM94uAlu0='>
  <identity category='client' name='Exodus 0.9.1' type='pc'/>
  <feature var='http://jabber.org/protocol/caps'/>
  <feature var='http://jabber.org/protocol/disco#items'/>
  <feature var='http://jabber.org/protocol/disco#info'/>
  <feature var='http://jabber.org/protocol/muc'/>
</query>`;

/** XEP-0115 §5.3 */
const PSI = `<query xmlns='http://jabber.org/protocol/disco#info'
    node='http://psi-im.org#q07IKJEyjvHSyhy//CH0CxmKi8w='>
  <identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
  <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>
  <feature var='http://jabber.org/protocol/caps'/>
  <feature var='http://jabber.org/protocol/disco#info'/>
  <feature var='http://jabber.org/protocol/disco#items'/>
  <feature var='http://jabber.org/protocol/muc'/>
  <x xmlns='jabber:x:data' type='result'>
    <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
    <field var='ip_version'><value>ipv4</value><value>ipv6</value></field>
    <field var='os'><value>Mac</value></field>
    <field var='os_version'><value>10.5.1</value></field>
    <field var='software'><value>Psi</value></field>
    <field var='software_version'><value>0.11</value></field>
  </x>
</query>`;

const INFO = {
  identity: { category: 'client', type: 'bot', name: 'inband' },
  features: ['urn:one', 'urn:two'],
};

test.each([
  ['without a form', EXODUS, 'QgayPKawpkPSDYmwT/WM94uAlu0='],
  ['with a form and two languages', PSI, 'q07IKJEyjvHSyhy//CH0CxmKi8w='],
])('the hash of an answer %s is that of the XEP', (_, query, ver) => {
  expect(verificationOf(parse(query))).toBe(ver);
});

test('a form without a type does not count', () => {
  const form = "<x xmlns='jabber:x:data'><field var='os'><value>Mac</value></field></x>";
  const query = parse(EXODUS.replace('</query>', `${form}</query>`));
  expect(verificationOf(query)).toBe('QgayPKawpkPSDYmwT/WM94uAlu0=');
});

test('what our presence says is what we answer under its node', () => {
  const said = readCaps(xml('presence', {}, caps(INFO)));
  expect(said?.ver).toBe(verificationOf(infoElement(INFO)));
  expect(nodeOf(INFO)).toBe(`${said?.node}#${said?.ver}`);
});

test.each([
  ['nothing', {}],
  ['no algorithm', { node: 'n', ver: 'v' }],
  ['an unknown algorithm', { node: 'n', ver: 'v', hash: 'crc' }],
  ['no node', { ver: 'v', hash: 'sha-1' }],
  ['more than a hash has', { node: 'n', ver: 'v'.repeat(101), hash: 'sha-1' }],
  ['more than goes back', { node: 'n'.repeat(1025), ver: 'v', hash: 'sha-1' }],
])('capabilities that say %s are none (R63)', (_, attrs) => {
  const element = xml('c', { xmlns: 'http://jabber.org/protocol/caps', ...attrs });
  expect(readCaps(xml('presence', {}, element))).toBeUndefined();
});

/** Romeo's cache, where this is the answer to each request; `asked` lists to whom, and under which node. */
function cacheAt(answer: (to: string) => Element | undefined) {
  const asked: (string | undefined)[][] = [];
  const session: StanzaSession = new StanzaSession(ROMEO, {
    write: async (stanza) => {
      const { to = '', id } = stanza.attrs;
      asked.push([to, stanza.getChild('query')?.attrs.node]);
      const info = answer(to);
      session.receive(xml('iq', { type: info ? 'result' : 'error', from: to, id }, info));
    },
    close: async () => undefined,
  });
  return { cache: new CapsCache(session), asked };
}

const OTHER = 'nurse@capulet.example/kitchen';
const HONEST = { node: 'n', ver: verificationOf(infoElement(INFO)), hash: 'sha-1' };

test('those of equal capabilities are asked once, at one time or later', async () => {
  const { cache, asked } = cacheAt(() => infoElement(INFO));
  const both = [cache.features(JULIET, HONEST, {}), cache.features(OTHER, HONEST, {})];
  for (const features of await Promise.all(both)) expect([...features]).toEqual(INFO.features);
  expect((await cache.features(ROMEO, HONEST, {})).has('urn:one')).toBe(true);
  expect(asked).toEqual([[JULIET, `n#${HONEST.ver}`]]);
});

test('one whose answer does not fit its hash speaks for itself alone', async () => {
  const { cache } = cacheAt((to) =>
    to === JULIET
      ? xml('query', { xmlns: NS_DISCO_INFO }, xml('feature', { var: 'urn:false' }))
      : infoElement(INFO),
  );
  const both = [cache.features(JULIET, HONEST, {}), cache.features(OTHER, HONEST, {})];
  const [false_, true_] = await Promise.all(both);
  expect([...(false_ ?? [])]).toEqual(['urn:false']);
  expect([...(true_ ?? [])]).toEqual(INFO.features);
});

test('one who does not answer leaves the question to the next', async () => {
  const { cache } = cacheAt((to) => (to === JULIET ? undefined : infoElement(INFO)));
  const first = cache.features(JULIET, HONEST, {});
  const second = cache.features(OTHER, HONEST, {});
  await expect(first).rejects.toMatchObject({ condition: 'undefined-condition' });
  expect([...(await second)]).toEqual(INFO.features);
});

test('those who say nothing of their capabilities are asked one by one', async () => {
  const { cache, asked } = cacheAt(() => infoElement(INFO));
  await cache.features(JULIET, undefined, {});
  await cache.features(OTHER, undefined, {});
  expect(asked).toEqual([
    [JULIET, undefined],
    [OTHER, undefined],
  ]);
});

test.each([
  ['a feature', (info: typeof INFO) => ({ ...info, features: ['urn:one<urn:two'] })],
  [
    'a name',
    (info: typeof INFO) => ({
      identity: { ...info.identity, name: 'inband<urn:one' },
      features: ['urn:two'],
    }),
  ],
])(
  'an answer with < in %s is not remembered, for another one has its hash (R369)',
  async (_, alter) => {
    const ambiguous = infoElement(alter(INFO));
    const ver = verificationOf(ambiguous);
    expect(ver).toBe(verificationOf(infoElement(INFO)));
    let asked = 0;
    const session: StanzaSession = new StanzaSession(ROMEO, {
      write: async ({ attrs: { to, id } }) => {
        asked += 1;
        session.receive(xml('iq', { type: 'result', from: to, id }, ambiguous));
      },
      close: async () => undefined,
    });
    const cache = new CapsCache(session);
    const equal = { node: 'urn:x-inband', ver, hash: 'sha-1' };
    await cache.info(JULIET, equal, {});
    await cache.info(`${JULIET}-2`, equal, {});
    expect(asked).toBe(2);
  },
);
