// Sends mutated stanzas to `inband receive`, in memory: tsx test/fuzz/run.ts [count] (1,000,000) [seed]. Ends with
// another code than 0 at the first thing that a peer must not be able to do; the same seed does it again.
import { randomInt } from 'node:crypto';
import { fuzz } from './fuzz.js';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? randomInt(2 ** 32));
process.stdout.write(`seed ${seed}\n`);
const { mutations, published, grownBytes } = await fuzz(count, seed).catch((cause) => {
  throw new Error(`with seed ${seed}`, { cause });
});
process.stdout.write(
  `${mutations} mutations, ${published} files, heap grown by ${grownBytes} bytes\n`,
);
