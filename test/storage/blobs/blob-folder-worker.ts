// One of many processes at work on one blob folder: node --import tsx blob-folder-worker.ts <folder> <seed> <operations>
// Prints its hits after every ten operations; fails should a read return bytes that do not match.
import { digest, matches } from '../../../src/protocol/bob/content-id.js';
import { BlobFolder } from '../../../src/storage/blobs/blob-folder.js';

const [root = '', seed = '', operations = ''] = process.argv.slice(2);
const folder = new BlobFolder(root, {
  digest,
  now: Date.now,
  limits: { entries: 20, bytes: 200_000 },
});

/** Numbers that differ from process to process and are the same in every run. */
const random = (count: number, below: number) =>
  Number.parseInt(digest('sha-256', Buffer.from(`${seed} ${count}`)).slice(0, 8), 16) % below;

function blob(number: number) {
  const bytes = Buffer.alloc(1 + number * 500, `blob ${number} `);
  return { id: { algorithm: 'sha-256', hash: digest('sha-256', bytes) }, bytes };
}

let hits = 0;
for (let count = 0; count < Number(operations); count++) {
  const { id, bytes } = blob(random(count, 40));
  const choice = random(-1 - count, 100);
  if (choice < 40) {
    await folder.put(id, { type: 'text/plain', bytes, maxAge: 1 + (choice % 2) * 3600 });
  } else if (choice < 95) {
    const found = await folder.get(id);
    if (found && !matches(id, found.bytes)) throw new Error(`bytes of ${id.hash} do not match`);
    if (found) hits += 1;
  } else if (choice < 98) {
    await folder.delete(id);
  } else {
    await folder.prune();
  }
  if (count % 10 === 9) process.stdout.write(`${hits} hits\n`);
}
