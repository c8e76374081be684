import { describe, expect, test } from '@jest/globals';
import type { FileOffer } from '../../../src/protocol/file-offer.js';
import type { Element } from '../../../src/session/xml.js';
import { parse } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { readAll } from '../ibb/bytestreams.js';
import { leftOf, offered, type Pair, pairOfTransfers } from './transfers.js';

const LETTER: FileOffer = {
  ...{ name: 'letter.txt', size: 6 },
  hashes: new Map([['sha-256', Buffer.alloc(32)]]),
  alreadyThere: { again: false },
};

const isAbout = (what: string) => (stanza: Element) => {
  const [payload] = stanza.getChildElements();
  return (payload?.attrs.action ?? payload?.name) === what;
};
const isPing = (stanza: Element) =>
  isAbout('session-info')(stanza) && stanza.getChildElements()[0]?.getChildElements().length === 0;

/** Juliet has it: she accepts it from its end on. */
async function accepted(pair: Pair, file: FileOffer = LETTER) {
  const { outgoing, incoming } = await offered(pair, file);
  const hers = incoming.accept(file.size ?? 0, 'there').then(readAll);
  hers.catch(() => undefined); // each test says what becomes of it
  return { outgoing, incoming, hers };
}

describe('a file that is there already', () => {
  test.each([6, 0])('of %i bytes is accepted from its end on (R300)', async (size) => {
    const pair = pairOfTransfers();
    const { outgoing, incoming, hers } = await accepted(pair, { ...LETTER, size });
    const file = await outgoing;
    expect(file.isThere).toBe(true);
    expect(file.range.offset).toBe(size);
    file.channel.end();
    expect(await hers).toEqual(Buffer.alloc(0));
    const [said] = await Promise.all([file.confirmed(), incoming.confirm(Buffer.alloc(32))]);
    expect(said).toBe('received');
    expect(pair.wire.find(/data/)).toEqual([]);
    expect(await leftOf(pair)).toEqual([]);
  });

  test.each([
    ['the sender does not know of that', { ...LETTER, alreadyThere: undefined as never }],
    ['the sender sends it all the same', { ...LETTER, alreadyThere: { again: true } }],
  ])('is one that was gone on with where %s (R300)', async (_why, file) => {
    const { outgoing } = await accepted(pairOfTransfers(), file);
    expect((await outgoing).isThere).toBe(false);
  });

  test('is not where the recipient wants a byte of it (R300)', async () => {
    const pair = pairOfTransfers();
    const { outgoing, incoming } = await offered(pair, LETTER);
    void incoming.accept(5, 'there').catch(() => undefined);
    expect((await outgoing).isThere).toBe(false);
  });

  test('is not where the recipient says nothing but the range (R300)', async () => {
    const { outgoing, incoming } = await offered(pairOfTransfers(), LETTER);
    void incoming.accept(6).catch(() => undefined);
    expect((await outgoing).isThere).toBe(false);
  });
});

describe('a bytestream without bytes', () => {
  test('is closed when the recipient has said that it knows the session, and not before (R301)', async () => {
    const asked: (() => void)[] = [];
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        if (isPing(stanza)) asked.push(() => deliver(stanza));
        else deliver(stanza);
      },
    });
    let isOpen = false;
    const { outgoing } = await accepted(pair);
    void outgoing.then(() => {
      isOpen = true;
    });
    await settled();
    expect([asked.length, isOpen]).toEqual([1, false]);
    expect(pair.wire.find(/close/)).toEqual([]);
    for (const ask of asked) ask();
    expect((await outgoing).isThere).toBe(true);
  });

  test('is closed when the recipient has said that it has the file (R301)', async () => {
    const pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        if (!isPing(stanza)) deliver(stanza);
      },
    });
    const { outgoing, incoming, hers } = await accepted(pair);
    await hers;
    void incoming.confirm(Buffer.alloc(32));
    const file = await outgoing;
    file.channel.end();
    expect(await file.confirmed()).toBe('received');
  });

  test('is broken off where a program that was started anew has accepted it (R301)', async () => {
    const pair: Pair = pairOfTransfers({
      intercept: (stanza, deliver) => {
        if (isPing(stanza)) pair.sessions[0].receive(unknown(stanza));
        else deliver(stanza);
      },
    });
    const { outgoing } = await accepted(pair);
    await expect(outgoing).rejects.toMatchObject({ reason: { condition: 'gone' } });
    // A block out of sequence: nobody could take what comes after it for the end.
    const [first] = pair.wire.find(/^romeo: (data|close)/);
    expect(first).toBe('romeo: data 32768');
  });
});

function unknown({ attrs: { id, to, from } }: Element): Element {
  return parse(`
    <iq type='error' id='${id}' from='${to}' to='${from}'>
      <error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
    </iq>`);
}
