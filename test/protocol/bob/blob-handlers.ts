import { describe, expect, test } from '@jest/globals';
import { deleteBlob, findBlob, setBlob } from '../../../src/protocol/bob/blob-store.js';
import { contentIdOf } from '../../../src/protocol/bob/content-id.js';
import { type BlobHandlers, registerBlobs } from '../../../src/protocol/bob/memory-blobs.js';
import { HandlerRegistry } from '../../../src/protocol/handler-registry.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';

const blobOf = (text: string) => {
  const bytes = Buffer.from(text);
  return { cid: contentIdOf(bytes, 'sha-256'), type: 'text/plain', bytes };
};
const HELLO = blobOf('hello');

/** What every store of blobs must do, whoever wrote it. */
export function describeBlobHandlers(name: string, create: () => Promise<BlobHandlers>): void {
  const store = async () => {
    const registry = registerBlobs(new HandlerRegistry(), await create());
    return {
      publish: ({ bytes, type }: typeof HELLO, options = {}) =>
        setBlob(registry, bytes, type, options),
      fetched: (blob: typeof HELLO) =>
        registry.run('bob', 'set_bob', { jid: ROMEO, from: JULIET, args: blob }),
      look: (cid: string) => findBlob(registry, cid, { jid: ROMEO }),
      asked: (cid: string) => findBlob(registry, cid, { jid: ROMEO, from: JULIET }),
      remove: (cid: string) => deleteBlob(registry, cid, ROMEO),
    };
  };

  describe(name, () => {
    test('knows nothing at first', async () => {
      const { look, asked } = await store();
      expect([await look(HELLO.cid), await asked(HELLO.cid)]).toEqual([undefined, undefined]);
    });

    test('gives a blob of our own to us and to others, as it was set', async () => {
      const { publish, look, asked } = await store();
      expect(await publish(HELLO, { maxAge: 60 })).toBe(HELLO.cid);
      const expected = { ...HELLO, maxAge: 60 };
      expect([await look(HELLO.cid), await asked(HELLO.cid)]).toEqual([expected, expected]);
    });

    test('gives a blob that was fetched to us, and not to others', async () => {
      const { fetched, look, asked } = await store();
      await fetched(HELLO);
      expect((await look(HELLO.cid))?.bytes).toEqual(HELLO.bytes);
      expect(await asked(HELLO.cid)).toBeUndefined();
    });

    test('gives others a blob of our own that we have fetched as well', async () => {
      const { publish, fetched, asked } = await store();
      await publish(HELLO);
      await fetched(HELLO);
      expect((await asked(HELLO.cid))?.bytes).toEqual(HELLO.bytes);
    });

    test('keeps a blob of our own with max-age 0, which is for others', async () => {
      const { publish, asked } = await store();
      await publish(HELLO, { maxAge: 0 });
      expect((await asked(HELLO.cid))?.maxAge).toBe(0);
    });

    test('takes what is said of a blob last', async () => {
      const { publish, look } = await store();
      await publish(HELLO);
      await publish({ ...HELLO, type: 'text/html' });
      expect((await look(HELLO.cid))?.type).toBe('text/html');
    });

    test('tells blobs apart, and one of other hashes too', async () => {
      const { publish, look } = await store();
      const cids = [
        await publish(HELLO),
        await publish(blobOf('other')),
        await publish(HELLO, { hash: 'sha1' }),
        await publish(blobOf('')),
      ];
      const found = await Promise.all(cids.map(look));
      expect(found.map((blob) => Buffer.from(blob?.bytes ?? []).toString())).toEqual([
        'hello',
        'other',
        'hello',
        '',
      ]);
    });

    test('removes a blob, and minds not when there is none', async () => {
      const { publish, fetched, remove, look, asked } = await store();
      await publish(HELLO);
      await fetched(blobOf('other'));
      await remove(HELLO.cid);
      await remove(blobOf('other').cid);
      await remove(HELLO.cid);
      expect(await asked(HELLO.cid)).toBeUndefined();
      expect(await look(blobOf('other').cid)).toBeUndefined();
    });

    test('finds nothing under a cid that is a path', async () => {
      const { look, asked, remove } = await store();
      for (const cid of ['../../etc/passwd', '/etc/passwd', '..', 'sha1+..@bob.xmpp.org']) {
        expect([await look(cid), await asked(cid)]).toEqual([undefined, undefined]);
        await remove(cid);
      }
    });
  });
}
