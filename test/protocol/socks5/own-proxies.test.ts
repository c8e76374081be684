import { expect, test } from '@jest/globals';
import { OwnProxies } from '../../../src/protocol/socks5/own-proxies.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { TestProxy } from './proxy.js';
import { type Service, servicesOf, sessionsWithServices } from './server.js';

const never = new AbortController().signal;
const PROXY = new TestProxy('proxy.montague.example', '11.0.0.7', 5000);
const HERS = new TestProxy('proxy.capulet.example', '11.0.0.8', 5000);

function looking(services: Map<string, Service>, clock = new ManualClock()) {
  const asked: Element[] = [];
  const [romeo] = sessionsWithServices({ services, asked });
  return { asked, clock, romeo, proxies: new OwnProxies(romeo, clock) };
}

const silent: Service = () => new Promise(() => undefined);
const refusing: Service = async () => {
  throw new StanzaError('cancel', 'service-unavailable');
};
const rooms: Service = async () =>
  xml(
    'query',
    { xmlns: 'http://jabber.org/protocol/disco#info' },
    xml('identity', { category: 'conference', type: 'text' }),
  );

const FOUND = { jid: 'proxy.montague.example', host: '11.0.0.7', port: 5000 };

test('finds the proxies of the own server, and asks for nothing before it is needed (R505)', async () => {
  const { proxies, asked } = looking(servicesOf(PROXY, HERS));
  await settled();
  expect(asked).toEqual([]);
  expect(await proxies.find(never)).toEqual([FOUND]);
});

test('asks once a session, whoever needs them (R505)', async () => {
  const { proxies, asked } = looking(servicesOf(PROXY));
  await Promise.all([proxies.find(never), proxies.find(never)]);
  await proxies.find(never);
  expect(asked.map(({ attrs }) => attrs.to)).toEqual([
    ...['montague.example', 'proxy.montague.example', 'proxy.montague.example'],
  ]);
});

test('passes over what is no proxy, and what says nothing of use (R505)', async () => {
  const services = servicesOf(PROXY);
  services.set('rooms.montague.example', rooms);
  services.set('broken.montague.example', refusing);
  expect(await looking(services).proxies.find(never)).toEqual([FOUND]);
});

/** What is found, once it is; the clock is for the test to turn. */
function finding(services: Map<string, Service>, clock = new ManualClock()) {
  const { proxies } = looking(services, clock);
  const state: { found?: unknown } = {};
  void proxies.find(never).then((all) => {
    state.found = all;
  });
  return { proxies, clock, state };
}

/** Answers after so many milliseconds. */
const after =
  (ms: number, clock: ManualClock, service: Service): Service =>
  async (stanza) => {
    await clock.sleep(ms, never);
    return service(stanza);
  };

test('waits half a second for what does not say what it is, and goes on with the others (R505, R1090)', async () => {
  const services = servicesOf(PROXY);
  services.set('silent.montague.example', silent);
  const { clock, state } = finding(services);
  await clock.advance(499);
  expect(state.found).toBeUndefined();
  await clock.advance(1);
  expect([state.found, clock.sleepers]).toEqual([[FOUND], 0]);
});

test('waits for it as long again as a slow server has taken to name it (R1090)', async () => {
  const services = servicesOf(PROXY);
  services.set('silent.montague.example', silent);
  const clock = new ManualClock();
  const names = [...services.keys()];
  const items = xml(
    'query',
    { xmlns: 'http://jabber.org/protocol/disco#items' },
    ...names.map((jid) => xml('item', { jid })),
  );
  services.set(
    'montague.example',
    after(800, clock, async () => items),
  );
  const { state } = finding(services, clock);
  await clock.advance(2_399);
  expect(state.found).toBeUndefined();
  await clock.advance(1);
  expect(state.found).toEqual([FOUND]);
});

test('waits five seconds for the address of a proxy, and knows later what comes later (R505, R1090)', async () => {
  const services = servicesOf(PROXY, new TestProxy('slow.montague.example', '11.0.0.9', 5000));
  const clock = new ManualClock();
  const asked = services.get('slow.montague.example') as Service;
  services.set('slow.montague.example', (stanza) => {
    const isInfo = stanza.getChild('query', 'http://jabber.org/protocol/disco#info');
    return isInfo ? asked(stanza) : after(6_000, clock, asked)(stanza);
  });
  const { proxies, state } = finding(services, clock);
  await clock.advance(4_999);
  expect(state.found).toBeUndefined();
  await clock.advance(1);
  expect(state.found).toEqual([FOUND]);
  await clock.advance(1_000);
  expect(await proxies.find(never)).toHaveLength(2);
});

test('has none where the server says nothing of what is there (R505)', async () => {
  const services = new Map<string, Service>([['montague.example', refusing]]);
  expect(await looking(services).proxies.find(never)).toEqual([]);
});

test('stops when it is told to, with the reason (R505)', async () => {
  const services = new Map<string, Service>([['montague.example', silent]]);
  const stop = new AbortController();
  const found = looking(services).proxies.find(stop.signal);
  stop.abort(new Error('enough'));
  await expect(found).rejects.toThrow('enough');
});

test('asks no more of the items of a server than a server has (R505)', async () => {
  const names = Array.from({ length: 1_000 }, (_, index) => `x${index}.montague.example`);
  const { proxies, asked } = looking(new Map(names.map((name) => [name, rooms])));
  expect(await proxies.find(never)).toEqual([]);
  expect(asked.length).toBe(33);
});

test('uses two proxies at most (R505)', async () => {
  const many = Array.from(
    { length: 5 },
    (_, index) => new TestProxy(`p${index}.montague.example`, '11.0.0.7', 5000 + index),
  );
  expect(await looking(servicesOf(...many)).proxies.find(never)).toHaveLength(2);
});

test('waits five seconds in all, however often and late they are asked for (R825)', async () => {
  const services = new Map<string, Service>([['montague.example', silent]]);
  const { proxies, clock } = looking(services);
  void proxies.find(never);
  await clock.advance(4_999);
  let found: unknown;
  void proxies.find(never).then((all) => {
    found = all;
  });
  await clock.advance(1);
  expect([found, clock.sleepers]).toEqual([[], 0]);
});
