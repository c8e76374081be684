import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountOf, runInband } from '../test/support/programs/inband.js';
import { startPeer } from '../test/support/programs/peers.js';
import { type Running, start } from '../test/support/programs/process.js';
import { startProsody } from '../test/support/servers/prosody.js';

/** Milliseconds from the start of the process to being online, and of the start alone. */
export async function measureStartup(runs: number): Promise<string> {
  const server = await startProsody();
  const home = await mkdtemp(join(tmpdir(), 'inband-bench-'));
  const env = accountOf(server, 'alice');
  const receive = () => runInband(['receive', '--json', '--dir', home], { home, env });
  const contestants: [string, () => Running, RegExp][] = [
    ['inband receive', receive, /"state":"online"/],
    [
      'slixmpp',
      () => startPeer('slixmpp_peer.py', ['receive', 'x@localhost', home], server, 'bob'),
      /^ready/,
    ],
    ['inband --version', () => runInband(['--version'], { home }), /^\d/],
    ['node -e', () => start(process.execPath, ['-e', 'console.log(1)']), /^1/],
  ];
  const times = contestants.map((): number[] => []);
  // In turn, so that a slow moment of the machine meets all of them.
  for (let run = 0; run < runs * 4 + 1; run++) {
    for (const [index, [, launch, online]] of contestants.entries()) {
      const before = performance.now();
      const running = launch();
      await running.line(online);
      times[index]?.push(performance.now() - before);
      await running.stop('SIGKILL');
    }
  }
  const rows = contestants.map(([name], index) => {
    const sorted = times[index]?.sort((a, b) => a - b).map(Math.round) ?? [];
    return `| ${name} | **${sorted[runs * 2]}** (${sorted[0]} – ${sorted.at(-1)}) |`;
  });
  await rm(home, { recursive: true, force: true });
  await server.stop();
  return ['| | ms (lowest – highest) |', '|---|---|', ...rows].join('\n');
}
