import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { BitsOfBinary, NoSuchBlob } from '../../../src/protocol/bob/bits-of-binary.js';
import { BlobMismatch, setBlob } from '../../../src/protocol/bob/blob-store.js';
import { contentIdOf, readContentId } from '../../../src/protocol/bob/content-id.js';
import { memoryRegistry } from '../../../src/protocol/bob/memory-blobs.js';
import { blobElement as element, NS_BOB } from '../../../src/protocol/bob/stanzas.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';

const HELLO = Buffer.from('hello');
const CID = contentIdOf(HELLO, 'sha-256');
const SHA1 = contentIdOf(HELLO, 'sha1');
const UNCHECKED = 'photo@capulet.example';
const NURSE = 'nurse@capulet.example/kitchen';

const blobOf = (bytes: Buffer, cid: string, maxAge?: number) =>
  element({ cid, type: 'text/plain', bytes, ...(maxAge === undefined ? {} : { maxAge }) });

/** A session whose peers answer as told, by their JID; `asked` says who was, in turn. */
function among(peers: Record<string, () => Promise<Element> | Element>) {
  const asked: string[] = [];
  const session: StanzaSession = new StanzaSession(ROMEO, {
    write: async (stanza) => {
      const { to: from = '', id } = stanza.attrs;
      asked.push(from);
      const answer = async () => {
        try {
          return xml('iq', { type: 'result', from, id }, await peers[from]?.());
        } catch (error) {
          return xml('iq', { type: 'error', from, id }, (error as StanzaError).toElement());
        }
      };
      setImmediate(async () => session.receive(await answer()));
    },
    close: async () => undefined,
  });
  return { asked, bits: new BitsOfBinary(session), session };
}

const notFound = () => {
  throw new StanzaError('cancel', 'item-not-found');
};

/** An answer, of whatever kind, comes after all that was sent before. */
const allArrived = (session: StanzaSession) =>
  session.request('get', JULIET, xml('anything')).catch(() => undefined);

describe('concurrent requests of one cid', () => {
  test('ask once, and all get the blob', async () => {
    const { asked, bits } = among({ [JULIET]: () => blobOf(HELLO, CID) });
    const got = await Promise.all(
      Array.from({ length: 20 }, () => bits.getBlob({ jid: JULIET, cid: CID })),
    );
    expect(asked).toEqual([JULIET]);
    expect(new Set(got.map(({ bytes }) => `${bytes}`))).toEqual(new Set(['hello']));
  });

  test('ask once, however the cid is spelt', async () => {
    const { asked, bits } = among({ [JULIET]: () => blobOf(HELLO, CID) });
    const spellings = [CID, `cid:${CID}`, `cid:${CID.replace('+', '%2B')}`, CID.toUpperCase()];
    await Promise.all(spellings.map((cid) => bits.getBlob({ jid: JULIET, cid })));
    expect(asked).toHaveLength(1);
  });

  test('of two peers ask one, and the other only when that fails', async () => {
    const both = { [JULIET]: () => blobOf(HELLO, CID), [NURSE]: () => blobOf(HELLO, CID) };
    for (const [first, expected] of [
      [both[JULIET], [JULIET]],
      [notFound, [JULIET, NURSE]],
    ] as const) {
      const { asked, bits } = among({ ...both, [JULIET]: first as () => Element });
      const [, second] = await Promise.allSettled([
        bits.getBlob({ jid: JULIET, cid: CID }),
        bits.getBlob({ jid: NURSE, cid: CID }),
      ]);
      expect(second.status).toBe('fulfilled');
      expect(asked).toEqual(expected);
    }
  });

  test('go on for the others when one gives up, and end with the last', async () => {
    const { asked, bits } = among({ [JULIET]: () => blobOf(HELLO, CID) });
    const giveUp = new AbortController();
    const one = bits.getBlob({ jid: JULIET, cid: CID, signal: giveUp.signal });
    const other = bits.getBlob({ jid: JULIET, cid: CID });
    await turn();
    giveUp.abort(new Error('enough'));
    await expect(one).rejects.toThrow('enough');
    expect((await other).bytes).toEqual(HELLO);
    expect(asked).toHaveLength(1);
  });

  test('can be asked for again after all gave up', async () => {
    const silent = new Promise<Element>(() => undefined);
    const answers = [() => silent, () => blobOf(HELLO, CID)];
    const { asked, bits } = among({ [JULIET]: () => answers.shift()?.() ?? notFound() });
    const giveUp = new AbortController();
    const one = bits.getBlob({ jid: JULIET, cid: CID, signal: giveUp.signal });
    await turn();
    await turn();
    giveUp.abort(new Error('enough'));
    await expect(one).rejects.toThrow('enough');
    expect((await bits.getBlob({ jid: JULIET, cid: CID })).bytes).toEqual(HELLO);
    expect(asked).toHaveLength(2);
  });
});

describe('a cid whose hash cannot be checked', () => {
  test('gives a blob that is marked, and kept for its sender alone', async () => {
    const { asked, bits } = among({
      [JULIET]: () => blobOf(HELLO, UNCHECKED),
      [NURSE]: () => blobOf(Buffer.from('other'), UNCHECKED),
    });
    const expected = { cid: UNCHECKED, type: 'text/plain', bytes: HELLO, unverified: true };
    expect(await bits.getBlob({ jid: JULIET, cid: UNCHECKED })).toEqual(expected);
    expect(await bits.getBlob({ jid: JULIET, cid: UNCHECKED })).toEqual(expected);
    const other = await bits.getBlob({ jid: NURSE, cid: UNCHECKED });
    expect(`${other.bytes}`).toBe('other');
    expect(asked).toEqual([JULIET, NURSE]);
    await expect(bits.getBlob({ cid: UNCHECKED })).rejects.toThrow(NoSuchBlob);
  });

  test('is not kept with max-age 0', async () => {
    const { asked, bits } = among({ [JULIET]: () => blobOf(HELLO, UNCHECKED, 0) });
    await bits.getBlob({ jid: JULIET, cid: UNCHECKED });
    await bits.getBlob({ jid: JULIET, cid: UNCHECKED });
    expect(asked).toHaveLength(2);
  });

  test('must at least be what the answer says', async () => {
    const { bits } = among({ [JULIET]: () => blobOf(HELLO, 'other@capulet.example') });
    await expect(bits.getBlob({ jid: JULIET, cid: UNCHECKED })).rejects.toThrow(BlobMismatch);
  });

  test.each([`md5+${'0'.repeat(32)}@bob.xmpp.org`, '../../etc/passwd', `${CID}x`])(
    'is one like %s, and goes to no store',
    async (cid) => {
      const { session } = among({ [JULIET]: () => blobOf(HELLO, cid) });
      const registry = new HandlerRegistry();
      const stored: unknown[] = [];
      registry.register((_jid, _node, _from, blob) => void stored.push(blob), 'bob', 'set_bob');
      session.handle = () => () => undefined;
      const bits = new BitsOfBinary(session, registry);
      expect((await bits.getBlob({ jid: JULIET, cid })).unverified).toBe(true);
      expect(stored).toEqual([]);
    },
  );

  test.each(['', ' ', 'with space@x', 'line\nbreak', '\u0000', 'ü@x', 'x'.repeat(1024)])(
    'is not %j, and nobody is asked',
    async (cid) => {
      const { asked, bits } = among({});
      await expect(bits.getBlob({ jid: JULIET, cid })).rejects.toThrow(RangeError);
      expect(asked).toEqual([]);
    },
  );
});

describe('the store', () => {
  test('may be damaged: the blob is asked for again, and put in its place', async () => {
    const { asked, session } = among({ [JULIET]: () => blobOf(HELLO, CID) });
    const registry = memoryRegistry();
    session.handle = () => () => undefined;
    const bits = new BitsOfBinary(session, registry);
    const damaged = { cid: CID, type: 'text/plain', bytes: Buffer.from('hellO') };
    await registry.run('bob', 'set_bob', { from: JULIET, args: damaged });
    await expect(bits.getBlob({ cid: CID })).rejects.toThrow(NoSuchBlob);
    for (let count = 0; count < 2; count++) {
      expect((await bits.getBlob({ jid: JULIET, cid: CID })).bytes).toEqual(HELLO);
    }
    expect(asked).toHaveLength(1);
  });

  test('that is damaged gives nothing wrong to others either', async () => {
    const [romeo, juliet] = linkedSessions();
    const registry = new HandlerRegistry();
    const damaged = { cid: CID, type: 'text/plain', bytes: Buffer.from('hellO') };
    registry.register(() => damaged, 'bob', 'get_bob');
    new BitsOfBinary(juliet, registry);
    const got = new BitsOfBinary(romeo).getBlob({ jid: JULIET, cid: CID });
    await expect(got).rejects.toThrow('item-not-found');
  });

  test('is that of the own JID, where one has its own', async () => {
    const [romeo] = linkedSessions();
    const registry = memoryRegistry();
    const calls: string[] = [];
    for (const op of ['get_bob', 'set_bob', 'del_bob']) {
      registry.register(() => void calls.push(op), 'bob', op, { jid: ROMEO });
    }
    const bits = new BitsOfBinary(romeo, registry);
    await bits.setBlob(HELLO, 'text/plain');
    await bits.getBlob({ cid: CID }).catch(() => undefined);
    await bits.deleteBlob(CID);
    expect(calls).toEqual(['set_bob', 'get_bob', 'del_bob']);
  });
});

describe('a blob of our own', () => {
  test('is served until it is deleted, in memory if nobody says where', async () => {
    const [romeo, juliet] = linkedSessions();
    const hers = new BitsOfBinary(juliet);
    const his = new BitsOfBinary(romeo);
    const cid = await hers.setBlob(HELLO, 'text/plain', { hash: 'sha1', maxAge: 0 });
    expect(cid).toBe(SHA1);
    expect((await his.getBlob({ jid: JULIET, cid })).maxAge).toBe(0);
    expect(await hers.deleteBlob(cid)).toBe(true);
    await expect(his.getBlob({ jid: JULIET, cid })).rejects.toThrow(NoSuchBlob);
    expect(await hers.deleteBlob(cid)).toBe(false);
  });

  test('that was fetched is not served: the answer is that of a blob that is not there', async () => {
    const [romeo, juliet] = linkedSessions();
    const registry = memoryRegistry();
    new BitsOfBinary(juliet, registry);
    await registry.run('bob', 'set_bob', {
      from: NURSE,
      args: { cid: CID, type: 'text/plain', bytes: HELLO },
    });
    const ask = (cid: string) =>
      romeo.request('get', JULIET, xml('data', { xmlns: NS_BOB, cid })).catch((error) => error);
    const [there, absent] = [await ask(CID), await ask(SHA1)];
    expect(there.toElement().toString()).toBe(absent.toElement().toString());
    expect(there.condition).toBe('item-not-found');
  });

  test('is served under the cid as it was asked for', async () => {
    const [romeo, juliet] = linkedSessions();
    await new BitsOfBinary(juliet).setBlob(HELLO, 'text/plain');
    const cid = CID.toUpperCase();
    const reply = await romeo.request('get', JULIET, xml('data', { xmlns: NS_BOB, cid }));
    expect(reply.getChild('data', NS_BOB)?.attrs.cid).toBe(cid);
  });

  test('may have a cid of its own choosing, if that is not the hash of something else', async () => {
    const registry = memoryRegistry();
    const set = (cid: string) => setBlob(registry, HELLO, 'text/plain', { cid });
    expect(await set(SHA1)).toBe(SHA1);
    expect(await set(`cid:${CID}`)).toBe(CID);
    expect(await set(UNCHECKED)).toBe(UNCHECKED);
    await expect(set(contentIdOf(Buffer.from('x'), 'sha1'))).rejects.toThrow(BlobMismatch);
    await expect(set('no cid')).rejects.toThrow(RangeError);
  });

  test.each(['text', 'text/plain\r\nX-Evil: 1', '', 'a/b; c'])(
    'is not of type %j',
    async (type) => {
      await expect(setBlob(memoryRegistry(), HELLO, type)).rejects.toThrow(RangeError);
    },
  );

  test.each([-1, 1.5, Number.NaN, 1e99, 2 ** 31])('has no max-age of %d', async (maxAge) => {
    const set = setBlob(memoryRegistry(), HELLO, 'text/plain', { maxAge });
    await expect(set).rejects.toThrow(RangeError);
  });

  test('is not set by an iq of type set: there is an error, and nothing is stored', async () => {
    const [romeo, juliet] = linkedSessions();
    const hers = new BitsOfBinary(juliet);
    const set = romeo.request('set', JULIET, blobOf(HELLO, CID));
    await expect(set).rejects.toThrow('service-unavailable');
    await expect(hers.getBlob({ cid: CID })).rejects.toThrow(NoSuchBlob);
  });
});

describe('blobs inside messages and presence', () => {
  /** What Juliet is told of, when Romeo sends these and then something that is answered. */
  async function told(...stanzas: Element[]) {
    const [romeo, juliet] = linkedSessions();
    const registry = memoryRegistry();
    const bits = new BitsOfBinary(juliet, registry);
    const blobs: [string, string, boolean][] = [];
    bits.onBlob(({ bytes, unverified }, from) =>
      blobs.push([Buffer.from(bytes).toString(), from, unverified ?? false]),
    );
    for (const stanza of stanzas) await romeo.send(stanza);
    await allArrived(romeo);
    const kept = await bits.getBlob({ cid: CID }).catch(() => undefined);
    return { blobs, kept };
  }
  const message = (attrs: Record<string, string>, ...children: Element[]) =>
    xml('message', { to: JULIET, ...attrs }, ...children);

  test('are told of, all of them, and not stored', async () => {
    const { blobs, kept } = await told(
      message({}, xml('body', {}, 'see'), blobOf(HELLO, SHA1), blobOf(HELLO, CID)),
      xml('presence', { to: JULIET }, blobOf(HELLO, CID)),
    );
    expect(blobs).toEqual(Array(3).fill(['hello', ROMEO, false]));
    expect(kept).toBeUndefined();
  });

  test('are left out where they are not what they say, and do not hide others', async () => {
    const { blobs } = await told(
      message(
        {},
        blobOf(Buffer.from('lie'), CID),
        xml('data', { xmlns: NS_BOB }, 'aGVsbG8='),
        xml('data', { xmlns: NS_BOB, cid: CID }, 'no base64'),
        blobOf(Buffer.alloc(65_537), contentIdOf(Buffer.alloc(65_537), 'sha1')),
        blobOf(HELLO, CID),
        blobOf(Buffer.from('who knows'), UNCHECKED),
      ),
    );
    expect(blobs).toEqual([
      ['hello', ROMEO, false],
      ['who knows', ROMEO, true],
    ]);
  });

  test('are not told of when they were not sent to us like this', async () => {
    const data = blobOf(HELLO, CID);
    const forwarded = xml('forwarded', { xmlns: 'urn:xmpp:forward:0' }, message({}, data));
    const { blobs } = await told(
      message({ type: 'error' }, data),
      message({ type: 'groupchat' }, data),
      message({}, data, xml('delay', { xmlns: 'urn:xmpp:delay', stamp: '2026-01-01T00:00:00Z' })),
      message({}, xml('received', { xmlns: 'urn:xmpp:carbons:2' }, forwarded)),
      message({}, xml('result', { xmlns: 'urn:xmpp:mam:2' }, forwarded)),
      xml('presence', { to: JULIET, type: 'error' }, data),
    );
    expect(blobs).toEqual([]);
  });

  test('are told of no more once that is undone, or the service is closed', async () => {
    for (const end of ['undo', 'close'] as const) {
      const [romeo, juliet] = linkedSessions();
      const bits = new BitsOfBinary(juliet);
      let count = 0;
      const undo = bits.onBlob(() => {
        count += 1;
      });
      if (end === 'undo') undo();
      else bits.close();
      await romeo.send(message({}, blobOf(HELLO, CID)));
      await allArrived(romeo);
      expect(count).toBe(0);
    }
  });
});

test('a cid is spelt in one way, with its URI taken apart', () => {
  expect(readContentId(`CID:${CID.replace('+', '%2b').replace('@', '%40')}`)).toBe(CID);
  expect(readContentId(SHA1.replace('sha1+', 'sha-1+'))).toBe(SHA1);
  expect(readContentId('cid:photo%40example.org')).toBe('photo@example.org');
  expect(readContentId('cid:100%@example.org')).toBe('cid:100%@example.org');
});

test('a blob that the store cannot take is handed over all the same', async () => {
  const registry = memoryRegistry();
  registry.register(() => Promise.reject(new Error('the disk is full')), 'bob', 'set_bob');
  const [romeo, juliet] = linkedSessions();
  juliet.handle('get', NS_BOB, 'data', () => blobOf(HELLO, CID));
  const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const blob = await new BitsOfBinary(romeo, registry).getBlob({ jid: JULIET, cid: CID });
  expect(blob.bytes).toEqual(HELLO);
  const [...told] = warnings.mock.calls;
  warnings.mockRestore();
  expect(told).toEqual([[expect.stringContaining('the disk is full')]]);
});
