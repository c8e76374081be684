// Offers an inbox names that were made up from all that is bad in names: tsx test/soak/hostile-names.ts [count] (100,000)
// [seed]. Ends with 1 when a file is anywhere but in the inbox itself, or under a name that is taken.
import { randomInt } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openInbox } from '../../src/storage/inbox/inbox.js';
import { Random } from '../fuzz/random.js';
import { hostileNames } from '../storage/hostile-names.js';

/** Files of one folder; each name that is taken is tried before the next free one. */
const ROUND = 1000;

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? randomInt(2 ** 32));
const random = new Random(seed);
process.stdout.write(`seed ${seed}\n`);
for (let done = 0; done < count; done += ROUND) {
  const root = await mkdtemp(join(tmpdir(), 'inband-soak-'));
  const folder = join(root, 'deep', 'inbox');
  await mkdir(folder, { recursive: true });
  const inbox = await openInbox(folder);
  const paths = new Set<string>();
  for (let index = 0; index < ROUND; index += 1) {
    const name = makeUp();
    const partial = await inbox.createPartial({ name });
    const path = await partial.publish(name);
    const isFile = dirname(path) === folder && (await lstat(path)).isFile();
    if (!isFile || paths.has(path)) throw new Error(`${JSON.stringify(name)} became ${path}`);
    paths.add(path);
  }
  await inbox.close();
  const all = (await readdir(root, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  );
  if (all.length !== ROUND) throw new Error(`${all.length} files, ${ROUND} names`);
  await rm(root, { recursive: true });
}
process.stdout.write(`${count} names\n`);

/** Some hostile names in a row, with a piece cut out here and there, and any characters between. */
function makeUp(): string {
  const parts = Array.from({ length: 1 + random.below(4) }, () => {
    const name = random.pick(hostileNames);
    const start = random.chance(0.3) ? random.below(name.length + 1) : 0;
    const between = random.chance(0.3) ? String.fromCodePoint(random.below(0x11_0000)) : '';
    return name.slice(start, start + 1 + random.below(300)) + between;
  });
  return parts.join('');
}
