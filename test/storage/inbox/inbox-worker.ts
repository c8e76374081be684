// Receives files into an inbox until it is killed or has them all: node --import tsx inbox-worker.ts <inbox> <files>
// As if in another PID namespace, where there can be none: with a third argument.
// Prints `locked`, then `<file> from <offset>` for each, a `.` for each block, and the path of each that arrived.
import * as fs from 'node:fs/promises';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import { systemProcesses } from '../../../src/storage/lock/processes.js';
import { BLOCK, contentOf } from './inbox-files.js';

const [folder = '', files = '', place] = process.argv.slice(2);
const elsewhere = { ...systemProcesses, place: async () => place ?? '' };
const inbox = await openInbox(
  folder,
  {},
  { files: fs, processes: place ? elsewhere : systemProcesses, now: Date.now },
);
process.stdout.write('locked\n');
for (let file = 0; file < Number(files); file++) {
  const content = contentOf(file);
  const partial = await inbox.createPartial({ identity: `file ${file}`, size: content.length });
  process.stdout.write(`${file} from ${partial.offset}\n`);
  for (let at = partial.offset; at < content.length; at += BLOCK) {
    await partial.write(content.subarray(at, at + BLOCK));
    process.stdout.write('.\n');
  }
  process.stdout.write(`${await partial.publish(`${file}`)}\n`);
}
await inbox.close();
