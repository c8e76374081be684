// Kills senders, receivers and the server at random while files are sent: tsx test/soak/kills.ts [kills] (1000) [beside].
// With "beside" the files go by a proxy beside the XMPP stream.
// Ends with 1 at the first file that does not arrive, or otherwise than it was sent, or twice; that is not in the ledger; or
// for which --exec was not run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BESIDE_STREAM, killAtRandom } from '../e2e/broken/kills.js';
import { startProsody } from '../support/servers/prosody.js';

const ROUND = 50;

const kills = Number(process.argv[2] ?? 1000);
const isBeside = process.argv[3] === 'beside';
const server = await startProsody({ proxy: isBeside });
await server.subscribe('alice', 'bob');
for (let done = 0; done < kills; done += ROUND) {
  const folder = await mkdtemp(join(tmpdir(), 'inband-soak-'));
  const tally = await killAtRandom(
    server,
    folder,
    Math.min(ROUND, kills - done),
    isBeside ? BESIDE_STREAM : undefined,
  );
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  await rm(folder, { recursive: true });
}
await server.stop();
