import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from '@jest/globals';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { data, NS_IBB, open } from '../../../src/protocol/ibb/stanzas.js';
import { type Element, xml } from '../../../src/session/xml.js';
import {
  type Intercept,
  JULIET,
  linkedSessions,
  parse,
  ROMEO,
} from '../../support/linked-sessions.js';
import { takeAll } from './bytestreams.js';

const BLOCK = 64;

/** Romeo sends `bytes` to Juliet in messages; what becomes of it on both sides, and all that went over the wire. */
function send(
  bytes: Buffer,
  intercept: Intercept = (stanza, deliver) => deliver(stanza),
  blockSize = BLOCK,
) {
  const wire: Element[] = [];
  const [romeo, juliet] = linkedSessions((stanza, deliver) => {
    wire.push(stanza);
    intercept(stanza, deliver);
  });
  const service = new InBandBytestreams(juliet, { sessionLimit: 1 });
  const received = new Promise<Buffer>((resolve, reject) => {
    service.onBytestream = (stream) => takeAll(stream).then(resolve, reject);
  });
  const outgoing = new InBandBytestreams(romeo, { stanza: 'message', blockSize, window: 8 });
  const sent = outgoing.open(JULIET).then(async (stream) => {
    stream.resume();
    await pipeline(Readable.from([bytes]), stream);
    return stream;
  });
  return { wire, romeo, juliet, received, sent };
}

/** What both sides say of a transfer that fails. */
async function failuresOf({ received, sent }: ReturnType<typeof send>): Promise<string[]> {
  const outcomes = await Promise.allSettled([received, sent]);
  return outcomes.map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as Error).message : 'success',
  );
}

const isData = (stanza: Element) => stanza.name === 'message';
const seqOf = (stanza: Element) => Number(stanza.getChild('data', NS_IBB)?.attrs.seq);

test('brings all bytes, in messages with an id of their own that ask not to be kept', async () => {
  const bytes = randomBytes(20 * BLOCK + 1);
  const { wire, received, sent } = send(bytes);
  const stream = await sent;
  expect(await received).toEqual(bytes);
  expect(stream.blocksSent).toBe(21);
  const messages = wire.filter(isData);
  expect(messages.map(seqOf)).toEqual([...Array(21).keys()]);
  expect(new Set(messages.map(({ attrs }) => attrs.id)).size).toBe(21);
  expect(messages.every((message) => message.getChild('no-store', 'urn:xmpp:hints'))).toBe(true);
});

test('reports the end as good only when the close was acknowledged', async () => {
  const held: (() => void)[] = [];
  const { sent } = send(randomBytes(BLOCK), (stanza, deliver) => {
    if (stanza.getChild('close')) held.push(() => deliver(stanza));
    else deliver(stanza);
  });
  let ended = false;
  void sent.then(() => {
    ended = true;
  });
  while (held.length === 0) await new Promise(setImmediate);
  expect(ended).toBe(false);
  for (const release of held) release();
  await sent;
});

test.each([...Array(19).keys()])(
  'notices on both sides that block %i of 20 is lost (R16)',
  async (lost) => {
    const transfer = send(randomBytes(20 * BLOCK), (stanza, deliver) => {
      if (!isData(stanza) || seqOf(stanza) !== lost) deliver(stanza);
    });
    const gap = expect.stringMatching(/unexpected-request/);
    expect(await failuresOf(transfer)).toEqual([gap, expect.stringMatching(/it closed/)]);
  },
);

test.each([...Array(20).keys()])(
  'notices on both sides that block %i of 20 comes twice',
  async (twice) => {
    const transfer = send(randomBytes(20 * BLOCK), (stanza, deliver) => {
      deliver(stanza);
      if (isData(stanza) && seqOf(stanza) === twice) deliver(stanza);
    });
    const again = expect.stringMatching(/unexpected-request/);
    expect(await failuresOf(transfer)).toEqual([again, expect.stringMatching(/it closed/)]);
  },
);

test('ends with the error of a message that came back', async () => {
  const { romeo, received, sent } = send(randomBytes(20 * BLOCK), (stanza, deliver) => {
    if (!isData(stanza) || seqOf(stanza) !== 3) return deliver(stanza);
    romeo.receive(
      parse(
        `<message from='${JULIET}' type='error' id='${stanza.attrs.id}'>` +
          "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
      ),
    );
  });
  received.catch(() => {});
  await expect(sent).rejects.toThrow('a block came back (service-unavailable)');
});

test('does not count a block that comes back behind its probe, though the probe is answered', async () => {
  const { romeo, received, sent } = send(randomBytes(BLOCK), (stanza, deliver) => {
    if (!isData(stanza)) return deliver(stanza);
    const bounce = `<message from='${JULIET}' type='error' id='${stanza.attrs.id}'><error type='cancel'/></message>`;
    setImmediate(() => romeo.receive(parse(bounce)));
  });
  received.catch(() => {});
  await expect(sent).rejects.toThrow('a block came back');
});

test('takes nothing from bounces, rooms, the archive or copies, and answers nothing (R51)', async () => {
  const [romeo, juliet] = linkedSessions((stanza, deliver) => {
    wire.push(stanza);
    deliver(stanza);
  });
  const wire: Element[] = [];
  const service = new InBandBytestreams(juliet, { sessionLimit: 1 });
  const accepted = new Promise<Bytestream>((resolve) => {
    service.onBytestream = resolve;
  });
  await romeo.request('set', JULIET, open({ sid: 's', blockSize: BLOCK, stanza: 'message' }));
  const stream = await accepted;
  const block = data('s', 0, Buffer.from('forged')).toString();
  const before = wire.length;
  for (const message of [
    `<message from='${ROMEO}' type='error'>${block}</message>`,
    `<message from='${ROMEO}' type='groupchat'>${block}</message>`,
    `<message from='${ROMEO}'>${block}<delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>`,
    `<message from='${ROMEO}'><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message from='${ROMEO}'>${block}</message></forwarded></received></message>`,
    `<message from='${ROMEO}'><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'><message from='${ROMEO}'>${block}</message></forwarded></result></message>`,
    `<message from='mercutio@example.org/x'>${block}</message>`,
    `<message from='${ROMEO}'>${data('unknown', 0, Buffer.from('x'))}</message>`,
  ]) {
    juliet.receive(parse(message));
  }
  expect(stream.incoming.blocks).toBe(0);
  expect(wire).toHaveLength(before);
  stream.destroy();
});

test('takes a block that the server marks as delayed after a resumption', async () => {
  const { juliet, received, sent } = send(Buffer.from('abc'), (stanza, deliver) => {
    if (isData(stanza)) stanza.append(xml('delay', { xmlns: 'urn:xmpp:delay', stamp: 'now' }));
    deliver(stanza);
  });
  juliet.suspend();
  juliet.resume();
  await sent;
  expect(await received).toEqual(Buffer.from('abc'));
});

test('has no more than a window under way that no probe has confirmed', async () => {
  let probes = 0;
  const { wire, sent, received } = send(randomBytes(100 * BLOCK), (stanza, deliver) => {
    const probe = stanza.attrs.type === 'get';
    if (probe) probes += 1;
    // The first is asked before the first block, to see what the peer answers.
    if (!probe || probes === 1) deliver(stanza);
  });
  sent.catch(() => {});
  received.catch(() => {});
  while (wire.filter(isData).length < 8) await new Promise(setImmediate);
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  expect(wire.filter(isData)).toHaveLength(8);
});

test.each([
  ['disco, where ping is not answered', ['ping'], 'query'],
  ['what the server acknowledges, where neither is', ['ping', 'query'], undefined],
])('is paced by %s', async (_title, refused, asked) => {
  const { wire, romeo, sent } = send(randomBytes(50 * BLOCK), (stanza, deliver) => {
    const [question] = stanza.getChildElements();
    if (stanza.attrs.type !== 'get' || !question) return deliver(stanza);
    const error = refused.includes(question.name)
      ? "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
      : '';
    romeo.receive(
      parse(
        `<iq from='${JULIET}' type='${error ? 'error' : 'result'}' id='${stanza.attrs.id}'>${error}</iq>`,
      ),
    );
  });
  await sent;
  const questions = wire
    .filter(({ attrs }) => attrs.type === 'get')
    .map((stanza) => stanza.getChildElements()[0]?.name);
  expect(new Set(questions)).toEqual(new Set(asked ? [...refused, asked] : refused));
});

test('numbers on from 0 after 65,535 (R44)', async () => {
  const bytes = randomBytes(65_538);
  const { received, sent, wire } = send(bytes, undefined, 1);
  await sent;
  expect((await received).equals(bytes)).toBe(true);
  expect(wire.filter(isData).slice(65_535).map(seqOf)).toEqual([65_535, 0, 1]);
});
