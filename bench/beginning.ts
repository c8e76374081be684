import { startProsody } from '../test/support/servers/prosody.js';
import { inbandBegins } from './contestants.js';
import { startDelayProxy } from './delay-proxy.js';

/** Milliseconds, between the sender and the server. */
const ROUND_TRIP = 50;

/** As little as goes beside the stream by itself. */
const BYTES = 32_768;

/**
 * Milliseconds from an offer until bytes go, where no server has a proxy: offered beside the stream, which comes to
 * nothing, and in-band at once. `--direct contacts` lets it be offered, and this machine has no address to be told.
 */
export async function measureBeginning(runs: number): Promise<string> {
  const server = await startProsody();
  const proxy = await startDelayProxy(server.port, ROUND_TRIP / 2);
  const contestants = [
    ['beside the stream first', inbandBegins(['--direct', 'contacts'])],
    ['in-band', inbandBegins(['--transport', 'ibb'])],
  ] as const;
  const times = contestants.map((): number[] => []);
  try {
    // In turn, so that a slow moment of the machine meets both.
    for (let run = 0; run < runs * 4 + 1; run++) {
      for (const [index, [, begins]] of contestants.entries()) {
        const job = { server, senderPort: proxy.port, mode: 'iq', bytes: BYTES } as const;
        times[index]?.push((await begins(job)).seconds * 1000);
      }
    }
  } finally {
    proxy.close();
    await server.stop();
  }
  const rows = contestants.map(([name], index) => {
    const sorted = times[index]?.sort((a, b) => a - b).map(Math.round) ?? [];
    return `| ${name} | **${sorted[runs * 2]}** (${sorted[0]} – ${sorted.at(-1)}) |`;
  });
  return ['| | ms (lowest – highest) |', '|---|---|', ...rows].join('\n');
}
