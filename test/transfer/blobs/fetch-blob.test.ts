import { expect, test } from '@jest/globals';
import { createBlob } from '../../../src/protocol/bob/blob-store.js';
import { memoryBlobs, registerBlobs } from '../../../src/protocol/bob/memory-blobs.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { ownHints } from '../../../src/session/hints.js';
import { StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { fetchBlobs } from '../../../src/transfer/blobs/fetch-blob.js';
import { settled } from '../../support/manual-clock.js';

const PEER = 'juliet@capulet.example/inband';
const blobs = Array.from({ length: 20 }, (_, index) => createBlob(Buffer.from([index]), 'a/b'));
const cids = blobs.map(({ cid }) => cid);

/** Asks a peer that answers when it is told to. */
function asking(texts: readonly string[], from = [PEER]) {
  const asked: Element[] = [];
  let logins = 0;
  const session: StanzaSession = new StanzaSession('romeo@montague.example/x', {
    write: async (stanza) => void asked.push(stanza),
    close: async () => undefined,
  });
  const outcomes = fetchBlobs(texts, {
    ...{ from, isCached: true, registry: registerBlobs(new HandlerRegistry(), memoryBlobs()) },
    connect: async () => {
      logins += 1;
      return session;
    },
    ...{ report: () => undefined, signal: new AbortController().signal },
  });
  const answer = (at: number, condition = 'item-not-found') => {
    const { id } = (asked[at] as Element).attrs;
    const wanted = asked[at]?.getChild('data')?.attrs.cid;
    const found = blobs.find(({ cid }) => cid === wanted);
    const data = { xmlns: 'urn:xmpp:bob', cid: wanted, type: 'a/b' };
    const text = found ? Buffer.from(found.bytes).toString('base64') : undefined;
    const missing = xml(
      'error',
      { type: 'cancel' },
      xml(condition, { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }),
    );
    const body = text ? xml('data', data, text) : missing;
    session.receive(xml('iq', { type: text ? 'result' : 'error', id, from: PEER }, body));
  };
  return { outcomes, asked, answer, logins: () => logins };
}

async function all(outcomes: AsyncIterable<{ cid: string; error?: Error | undefined }>) {
  const seen: [string, string][] = [];
  for await (const { cid, error } of outcomes) seen.push([cid, error?.name ?? 'fetched']);
  return seen;
}

test('several blobs are asked for at a time, 8 at most, over one login (R205)', async () => {
  const { outcomes, asked, answer, logins } = asking(cids);
  const ended = all(outcomes);
  await settled();
  expect([asked.length, logins()]).toEqual([8, 1]);
  for (let at = 0; at < cids.length; at += 1) {
    answer(at);
    await settled();
  }
  expect(await ended).toEqual(cids.map((cid) => [cid, 'fetched']));
  expect(logins()).toBe(1);
});

test('what comes of them keeps the order in which they were named, and none stops others (R205)', async () => {
  const nowhere = createBlob(Buffer.from('nowhere'), 'a/b').cid;
  const texts = [cids[0] as string, nowhere, cids[1] as string];
  const { outcomes, answer } = asking(texts);
  const ended = all(outcomes);
  await settled();
  for (const at of [2, 1, 0]) answer(at);
  expect(await ended).toEqual([
    [texts[0], 'fetched'],
    [nowhere, 'NoSuchBlob'],
    [texts[2], 'fetched'],
  ]);
});

test('nobody logs in for what is no cid, or where nobody is to be asked (R205)', async () => {
  const wrong = asking([cids[0] as string, '\u00e9']);
  await expect(all(wrong.outcomes)).rejects.toThrow('cid');
  const nobody = asking(cids.slice(0, 2), []);
  expect(await all(nobody.outcomes)).toEqual(cids.slice(0, 2).map((cid) => [cid, 'NobodyToAsk']));
  expect([wrong.logins(), nobody.logins()]).toEqual([0, 0]);
});

test.each([
  [
    'service-unavailable',
    [
      'is "inband receive" running there, and does its --allow let you in?',
      'or ask another with --from',
    ],
  ],
  ['item-not-found', []],
  ['internal-server-error', []],
])('who answers %s may let others in only, or have nothing (R1344)', async (condition, hints) => {
  const { outcomes, answer } = asking([createBlob(Buffer.from('nowhere'), 'a/b').cid]);
  const first = outcomes.next();
  await settled();
  answer(0, condition);
  const { error } = (await first).value as { error: Error };
  expect([error.name, ownHints(error)]).toEqual(['NoSuchBlob', hints]);
});
