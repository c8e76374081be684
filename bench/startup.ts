import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountOf, runInband } from '../test/support/inband.js';
import { startPeer } from '../test/support/peers.js';
import type { Running } from '../test/support/process.js';
import { startProsody } from '../test/support/prosody.js';

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
  ];
  const rows: string[] = [];
  for (const [name, start, online] of contestants) {
    const times: number[] = [];
    for (let run = 0; run < runs * 2 + 1; run++) {
      const before = performance.now();
      const running = start();
      await running.line(online);
      times.push(performance.now() - before);
      await running.stop('SIGKILL');
    }
    times.sort((a, b) => a - b);
    rows.push(`| ${name} | ${Math.round(times[runs] ?? 0)} |`);
  }
  await rm(home, { recursive: true, force: true });
  await server.stop();
  return ['| | ms |', '|---|---|', ...rows].join('\n');
}
