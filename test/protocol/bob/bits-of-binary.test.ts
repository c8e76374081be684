import { describe, expect, test } from '@jest/globals';
import type { BitOfBinary } from '../../../src/protocol/bob/bit-of-binary.js';
import { BitsOfBinary, NoSuchBlob } from '../../../src/protocol/bob/bits-of-binary.js';
import { BlobMismatch, setBlob } from '../../../src/protocol/bob/blob-store.js';
import { contentIdOf, HASH_ALGORITHMS } from '../../../src/protocol/bob/content-id.js';
import * as stanzas from '../../../src/protocol/bob/stanzas.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { ownHints } from '../../../src/session/hints.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';

const HELLO = Buffer.from('hello');
const CID = contentIdOf(HELLO, 'sha-256');

/** A registry whose `bob` operations keep the blobs in memory, and remember who called. */
function memory() {
  const registry = new HandlerRegistry();
  const blobs = new Map<string, BitOfBinary>();
  const calls: unknown[][] = [];
  const note = (op: string) => (jid?: string, node?: string, from?: string) =>
    void calls.push([op, jid, node, from]);
  registry.registerDefault(
    (jid, node, from, cid: string) => {
      note('get_bob')(jid, node, from);
      return blobs.get(cid);
    },
    'bob',
    'get_bob',
  );
  registry.registerDefault(
    (jid, node, from, blob: BitOfBinary) => {
      note('set_bob')(jid, node, from);
      blobs.set(blob.cid, blob);
    },
    'bob',
    'set_bob',
  );
  return { registry, blobs, calls };
}

function pair() {
  const wire: Element[] = [];
  const sessions = linkedSessions((stanza, deliver) => {
    wire.push(stanza);
    deliver(stanza);
  });
  const [romeo, juliet] = sessions;
  const his = memory();
  const hers = memory();
  return {
    wire,
    sessions,
    his: { ...his, bits: new BitsOfBinary(romeo, his.registry) },
    hers: { ...hers, bits: new BitsOfBinary(juliet, hers.registry) },
  };
}

/** Romeo asks a Juliet who answers every request with this. */
function asking(answer: () => Element | undefined) {
  const [romeo, juliet] = linkedSessions();
  juliet.handle('get', stanzas.NS_BOB, 'data', answer);
  const his = memory();
  return { ...his, bits: new BitsOfBinary(romeo, his.registry) };
}

const blobOf = (bytes: Buffer, { cid = CID, type = 'text/plain' } = {}) =>
  stanzas.blobElement({ cid, type, bytes });

describe('a blob of our own', () => {
  test('goes to the store under its cid, from nobody', async () => {
    const { registry, blobs, calls } = memory();
    expect(await setBlob(registry, HELLO, 'text/plain', { maxAge: 60 })).toBe(CID);
    expect(blobs.get(CID)).toEqual({ cid: CID, type: 'text/plain', maxAge: 60, bytes: HELLO });
    expect(calls).toEqual([['set_bob', undefined, undefined, undefined]]);
  });

  test('may be kept for ever where nothing is said, and not at all where 0 is', async () => {
    const { registry, blobs } = memory();
    await setBlob(registry, HELLO, 'text/plain');
    expect(blobs.get(CID)).not.toHaveProperty('maxAge');
    await setBlob(registry, HELLO, 'text/plain', { maxAge: 0 });
    for (const maxAge of [-1, 1.5, 1e20]) {
      await expect(setBlob(registry, HELLO, 'text/plain', { maxAge })).rejects.toThrow(
        'a max-age is a whole number of seconds up to ',
      );
    }
    expect(blobs.get(CID)?.maxAge).toBe(0);
  });

  test.each(HASH_ALGORITHMS)('may be named by %s', async (hash) => {
    const { registry, blobs } = memory();
    const cid = await setBlob(registry, HELLO, 'text/plain', { hash });
    expect(cid).toBe(contentIdOf(HELLO, hash));
    expect(blobs.get(cid)?.bytes).toEqual(HELLO);
  });

  test.each(['md5', 'constructor', '__proto__'])('is not named by %s', async (hash) => {
    const { registry, blobs } = memory();
    await expect(setBlob(registry, HELLO, 'text/plain', { hash })).rejects.toThrow(RangeError);
    expect(blobs.size).toBe(0);
  });

  test('has 64 KiB at most', async () => {
    const { registry, blobs } = memory();
    await setBlob(registry, Buffer.alloc(65_536), 'text/plain');
    const larger = setBlob(registry, Buffer.alloc(65_537), 'text/plain');
    await expect(larger).rejects.toThrow(RangeError);
    await expect(larger).rejects.toThrow('a blob has at most 65536 bytes');
    expect(await larger.then(() => [], ownHints)).toEqual(['send it as a file']);
    const other = contentIdOf(Buffer.from('other'), 'sha-256');
    await expect(setBlob(registry, HELLO, 'text/plain', { cid: other })).rejects.toThrow(
      `the bytes are not those of ${other}`,
    );
    const odd = setBlob(registry, HELLO, 'picture');
    await expect(odd).rejects.toThrow('"picture" is not a media type');
    expect(await odd.then(() => [], ownHints)).toEqual(['one looks like image/png']);
    expect(blobs.size).toBe(1);
  });

  test('is not there when the store could not keep it', async () => {
    const registry = new HandlerRegistry();
    registry.register(() => Promise.reject(new Error('the disk is full')), 'bob', 'set_bob');
    await expect(setBlob(registry, HELLO, 'text/plain')).rejects.toThrow('the disk is full');
  });
});

describe('a blob of a peer', () => {
  test.each(HASH_ALGORITHMS)('comes with type and age, checked by its %s', async (hash) => {
    const { his, hers } = pair();
    const cid = await setBlob(hers.registry, HELLO, 'text/plain', { maxAge: 60, hash });
    const blob = await his.bits.getBlob({ jid: JULIET, cid });
    expect(blob).toEqual({ cid, type: 'text/plain', maxAge: 60, bytes: HELLO });
  });

  test('may be empty, and as large as a blob may be', async () => {
    const { his, hers } = pair();
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(65_536, 'x')]) {
      const cid = await setBlob(hers.registry, bytes, 'text/plain');
      expect((await his.bits.getBlob({ jid: JULIET, cid })).bytes).toEqual(bytes);
    }
  });

  test('is asked of the store first, for nobody else, and of the peer with our name', async () => {
    const { his, hers } = pair();
    await setBlob(hers.registry, HELLO, 'text/plain');
    await his.bits.getBlob({ jid: JULIET, cid: CID });
    expect(his.calls).toEqual([
      ['get_bob', ROMEO, undefined, undefined],
      ['set_bob', ROMEO, undefined, JULIET],
    ]);
    expect(hers.calls.at(-1)).toEqual(['get_bob', JULIET, undefined, ROMEO]);
  });

  test('is asked for once: then it is in the store', async () => {
    const { wire, his, hers } = pair();
    await setBlob(hers.registry, HELLO, 'text/plain');
    const first = await his.bits.getBlob({ jid: JULIET, cid: CID });
    expect(wire).toHaveLength(2);
    expect(await his.bits.getBlob({ jid: JULIET, cid: CID })).toEqual(first);
    expect(wire).toHaveLength(2);
  });

  test('is asked for again where the store is not to be looked into', async () => {
    const { wire, his, hers } = pair();
    await setBlob(his.registry, HELLO, 'text/html');
    await setBlob(hers.registry, HELLO, 'text/plain');
    const blob = await his.bits.getBlob({ jid: JULIET, cid: CID, cached: false });
    expect([blob.type, wire.length]).toEqual(['text/plain', 2]);
  });

  test('is looked for in the store alone where nobody is named to ask', async () => {
    const { wire, his } = pair();
    await expect(his.bits.getBlob({ cid: CID })).rejects.toThrow(NoSuchBlob);
    await setBlob(his.registry, HELLO, 'text/plain');
    expect((await his.bits.getBlob({ cid: CID })).bytes).toEqual(HELLO);
    expect(wire).toEqual([]);
  });

  test('has the cid that was asked for, whatever the peer calls it', async () => {
    const other = contentIdOf(Buffer.from('other'), 'sha-256');
    const { bits, blobs } = asking(() => blobOf(HELLO, { cid: other }));
    expect((await bits.getBlob({ jid: JULIET, cid: CID })).cid).toBe(CID);
    expect([...blobs.keys()]).toEqual([CID]);
  });

  test('is of an unknown type where the peer says what is none', async () => {
    const { bits } = asking(() => blobOf(HELLO, { type: 'text/html\nX-Evil: 1' }));
    const { type } = await bits.getBlob({ jid: JULIET, cid: CID });
    expect(type).toBe('application/octet-stream');
  });

  test('may come wrapped', async () => {
    const element = xml(
      'data',
      { xmlns: stanzas.NS_BOB, cid: CID, type: 'text/plain' },
      '\n aGVs\n bG8=\n',
    );
    const { bits } = asking(() => element);
    expect((await bits.getBlob({ jid: JULIET, cid: CID })).bytes).toEqual(HELLO);
  });
});

describe('nothing is returned or stored', () => {
  test('of bytes that the cid does not name (R53)', async () => {
    const { bits, blobs, calls } = asking(() => blobOf(Buffer.from('hellO')));
    const got = bits.getBlob({ jid: JULIET, cid: CID });
    await expect(got).rejects.toThrow(new BlobMismatch(`what ${JULIET} sent is not ${CID}`));
    expect([blobs.size, calls.length]).toEqual([0, 1]);
  });

  test.each([
    ['no element', () => undefined],
    ['an element of another kind', () => xml('data', { xmlns: 'urn:example' }, 'aGVsbG8=')],
    ['a blob without a cid', () => xml('data', { xmlns: stanzas.NS_BOB }, 'aGVsbG8=')],
    ['what is not base64', () => xml('data', { xmlns: stanzas.NS_BOB, cid: CID }, 'aGVsbG8')],
    ['a blob over 64 KiB', () => blobOf(Buffer.alloc(65_537))],
  ])('when the answer is %s', async (_what, answer) => {
    const { bits, blobs } = asking(answer);
    await expect(bits.getBlob({ jid: JULIET, cid: CID })).rejects.toThrow(NoSuchBlob);
    expect(blobs.size).toBe(0);
  });

  test.each([
    ['cancel', 'item-not-found'],
    ['cancel', 'service-unavailable'],
    ['auth', 'forbidden'],
  ] as const)('when the peer answers %s/%s; the cause tells', async (type, condition) => {
    const { bits, blobs } = asking(() => {
      throw new StanzaError(type, condition);
    });
    const error = await bits.getBlob({ jid: JULIET, cid: CID }).catch((caught) => caught);
    expect(error).toBeInstanceOf(NoSuchBlob);
    expect(error.message).toContain(condition);
    expect(error.cause).toMatchObject({ type, condition });
    expect(blobs.size).toBe(0);
  });

  test('when no answer comes', async () => {
    const { bits } = asking(() => new Promise(() => undefined) as unknown as undefined);
    const got = bits.getBlob({ jid: JULIET, cid: CID, timeout: 1 });
    await expect(got).rejects.toThrow(RequestTimeout);
  });

  test('when the caller gives up', async () => {
    const { bits } = asking(() => new Promise(() => undefined) as unknown as undefined);
    const giveUp = new AbortController();
    const got = bits.getBlob({ jid: JULIET, cid: CID, signal: giveUp.signal });
    giveUp.abort(new Error('interrupted'));
    await expect(got).rejects.toThrow('interrupted');
  });

  test('when the session ends', async () => {
    const { his, sessions } = pair();
    const got = his.bits.getBlob({ jid: JULIET, cid: CID });
    sessions[0].end(new ConnectionLost('cut'));
    await expect(got).rejects.toThrow(ConnectionLost);
  });

  test('of a blob that nobody asked for', async () => {
    const { sessions, his, hers } = pair();
    await sessions[1].send(xml('message', { to: ROMEO }, blobOf(HELLO)));
    await sessions[1].send(xml('presence', { to: ROMEO }, blobOf(HELLO)));
    // An answer comes after all of them.
    await setBlob(hers.registry, Buffer.from('x'), 'text/plain');
    const cid = contentIdOf(Buffer.from('x'), 'sha-256');
    await his.bits.getBlob({ jid: JULIET, cid });
    expect([...his.blobs.keys()]).toEqual([cid]);
  });
});

describe('a request of a peer', () => {
  const ask = (payload: Element, type: 'get' | 'set' = 'get') => {
    const both = pair();
    return { ...both, reply: both.sessions[0].request(type, JULIET, payload) };
  };

  test('for a blob that is not there gets item-not-found', async () => {
    const { reply } = ask(stanzas.request(CID));
    await expect(reply).rejects.toMatchObject({ type: 'cancel', condition: 'item-not-found' });
  });

  test.each([undefined, ''])('with the cid %j gets bad-request', async (cid) => {
    const { reply, hers } = ask(xml('data', { xmlns: stanzas.NS_BOB, cid }));
    await expect(reply).rejects.toMatchObject({ type: 'modify', condition: 'bad-request' });
    expect(hers.calls).toEqual([]);
  });

  test('to store a blob is refused, and nothing is stored', async () => {
    const { reply, hers } = ask(blobOf(HELLO), 'set');
    await expect(reply).rejects.toMatchObject({ condition: 'service-unavailable' });
    expect(hers.blobs.size).toBe(0);
  });

  test('is answered by the handler for the asked JID, which is told who asks', async () => {
    const { sessions, hers } = pair();
    const blob = { cid: CID, type: 'text/plain', bytes: HELLO };
    hers.registry.register(
      (_jid, _node, from) => (from === ROMEO ? blob : undefined),
      'bob',
      'get_bob',
      { jid: JULIET },
    );
    const reply = await sessions[0].request('get', JULIET, stanzas.request(CID));
    const element = reply.getChild('data', stanzas.NS_BOB);
    expect(element && stanzas.readBlob(element)).toEqual(blob);
  });

  test('is refused while its sender asks too often, and the store is not asked (R55)', async () => {
    const { sessions, hers } = pair();
    hers.bits.mayAsk = (from) => from !== ROMEO;
    const reply = sessions[0].request('get', JULIET, stanzas.request(CID));
    await expect(reply).rejects.toMatchObject({ type: 'wait', condition: 'not-acceptable' });
    expect(hers.calls).toEqual([]);
  });

  test('may be refused by the handler with an error of its own', async () => {
    const { sessions, hers } = pair();
    const refusal = new StanzaError('auth', 'forbidden');
    hers.registry.register(() => Promise.reject(refusal), 'bob', 'get_bob');
    const reply = sessions[0].request('get', JULIET, stanzas.request(CID));
    await expect(reply).rejects.toMatchObject({ type: 'auth', condition: 'forbidden' });
  });

  test('finds nobody after close', async () => {
    const { sessions, hers } = pair();
    await setBlob(hers.registry, HELLO, 'text/plain');
    hers.bits.close();
    const reply = sessions[0].request('get', JULIET, stanzas.request(CID));
    await expect(reply).rejects.toMatchObject({ condition: 'service-unavailable' });
  });
});
