// A store of one's own, as docs/library.md shows it: a file a blob, those of our own apart from those fetched.
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { BlobHandlers } from '../../../src/index.js';

export function blobFiles(directory: string): BlobHandlers {
  const path = (kind: string, cid: string) =>
    join(directory, `${kind}-${createHash('sha256').update(cid).digest('hex')}`);
  const read = (kind: string, cid: string) =>
    readFile(path(kind, cid)).then(deserialize, () => undefined);
  return {
    set_bob: (_jid, _node, from, blob) =>
      writeFile(path(from ? 'fetched' : 'own', blob.cid), serialize(blob)),
    get_bob: async (_jid, _node, from, cid) =>
      (await read('own', cid)) ?? (from ? undefined : read('fetched', cid)),
    del_bob: async (_jid, _node, _from, cid) => {
      for (const kind of ['own', 'fetched']) await rm(path(kind, cid), { force: true });
      return true;
    },
  };
}
