import { describe, expect, test } from '@jest/globals';
import {
  answerDiscovery,
  discoverFeatures,
  featuresOf,
  infoElement,
  isForAccount,
  NS_DISCO_INFO,
} from '../../src/protocol/disco.js';
import { nodeOf } from '../../src/protocol/presence/caps.js';
import { RequestTimeout } from '../../src/session/requests.js';
import { xml } from '../../src/session/xml.js';
import { JULIET, linkedSessions } from '../support/linked-sessions.js';

const INFO = {
  identity: { category: 'client', type: 'bot', name: 'inband' },
  features: [NS_DISCO_INFO, 'urn:xmpp:bob'],
};

function pair(nodes: string[] = []) {
  const [romeo, juliet] = linkedSessions();
  const undo = answerDiscovery(juliet, INFO, nodes);
  const ask = (node?: string) =>
    romeo.request('get', JULIET, xml('query', { xmlns: NS_DISCO_INFO, node }));
  return { romeo, juliet, undo, ask };
}

describe('service discovery', () => {
  test('tells what there is', async () => {
    const { ask } = pair();
    const query = (await ask()).getChild('query', NS_DISCO_INFO);
    expect(query?.getChildren('identity').map(({ attrs }) => attrs)).toEqual([INFO.identity]);
    expect(query?.getChildren('feature').map(({ attrs }) => attrs.var)).toEqual(INFO.features);
    expect(query?.attrs.node).toBeUndefined();
  });

  test('tells it under its own node too, which the answer repeats', async () => {
    const { ask } = pair([nodeOf(INFO)]);
    const query = (await ask(nodeOf(INFO))).getChild('query', NS_DISCO_INFO);
    expect(query?.attrs.node).toBe(nodeOf(INFO));
    expect(query?.getChildren('feature')).toHaveLength(2);
  });

  test('knows no other nodes', async () => {
    const { ask } = pair([nodeOf(INFO)]);
    await expect(ask('urn:example#ver')).rejects.toMatchObject({
      type: 'cancel',
      condition: 'item-not-found',
    });
  });

  test('ends when it is undone', async () => {
    const { ask, undo } = pair();
    undo();
    await expect(ask()).rejects.toMatchObject({ condition: 'service-unavailable' });
  });

  test('reads the features of a peer', async () => {
    const { romeo } = pair();
    expect(await discoverFeatures(romeo, JULIET)).toEqual(new Set(INFO.features));
  });

  test('reads none from an answer that has none', async () => {
    const [romeo, juliet] = linkedSessions();
    const answers = [
      undefined,
      xml('query', { xmlns: 'urn:example' }, xml('feature', { var: 'x' })),
      xml('query', { xmlns: NS_DISCO_INFO }, xml('feature')),
    ];
    juliet.handle('get', NS_DISCO_INFO, 'query', () => answers.shift());
    for (let count = 0; count < 3; count++) {
      expect(await discoverFeatures(romeo, JULIET)).toEqual(new Set());
    }
  });

  test('fails as the request does', async () => {
    const [romeo, juliet] = linkedSessions();
    await expect(discoverFeatures(romeo, JULIET)).rejects.toThrow('service-unavailable');
    juliet.handle('get', NS_DISCO_INFO, 'query', () => new Promise(() => undefined));
    await expect(discoverFeatures(romeo, JULIET, { timeout: 1 })).rejects.toThrow(RequestTimeout);
  });
});

test.each([
  ['account', 'registered', [], true],
  ['account', 'registered', ['urn:chat'], false],
  ['account', 'admin', [], false],
  ['client', 'registered', [], false],
])(
  'an answer of %s/%s with the features %j is for the account: %p (R74)',
  (category, type, features, is) => {
    expect(isForAccount(infoElement({ identity: { category, type, name: '' }, features }))).toBe(
      is,
    );
  },
);

test('of the features that a peer names, so many count as anybody has, and none that is long (R118)', () => {
  const feature = (name: string) => xml('feature', { var: name });
  const many = Array.from({ length: 5_000 }, (_, index) => feature(`urn:x:${index}`));
  const features = featuresOf(xml('query', {}, feature('x'.repeat(1_001)), ...many));
  expect(features.size).toBe(1_000);
  expect(features).toContain('urn:x:999');
});
