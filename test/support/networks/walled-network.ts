// A network of its own from which nothing gets out but by HTTPS: Linux alone, and for root.
import { execFile, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { start } from '../programs/process.js';

const run = promisify(execFile);

/** Whether one can be made here. In CI it has to be. */
export const HAS_WALLS =
  process.env.CI !== undefined ||
  (existsSync('/usr/sbin/nft') && spawnSync('unshare', ['--net', 'true']).status === 0);

/** What becomes of what must not get out: it is refused, or nothing is ever heard of it. */
export type Wall = 'refuses' | 'drops';

export interface WalledNetwork {
  /** The address of this machine, as it is seen from within: what listens there is behind the wall. */
  readonly host: string;
  /** What is put before a command for it to run within. */
  readonly within: string[];
  /** Builds the wall, which is open before. */
  build(wall: Wall): Promise<void>;
  /** Cuts all connections by HTTPS. */
  cut(): Promise<void>;
  stop(): Promise<void>;
}

/** RFC 2544: networks for tests, which no other one is. */
const TEST_NETWORK = '198.18';

/** Its own mounts, too: `$1` and `$2` are what names are looked up in, and then comes the command. */
const WITH_NAMES =
  'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"';

const CONNECTED = ['-Htn', 'state', 'established'];

const VERDICTS: Record<Wall, string> = { refuses: 'reject with tcp reset', drops: 'drop' };

const rulesOf = (wall: Wall): string => `flush ruleset
table inet wall {
  chain out {
    type filter hook output priority 0; policy drop;
    oif lo accept
    tcp dport 443 accept
    udp dport 53 accept
    meta l4proto tcp ${VERDICTS[wall]}
  }
}
`;

/** DNS gets out besides, as where the network has a resolver. `names` are all those of this machine. */
export async function startWalledNetwork(...names: string[]): Promise<WalledNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-wall-'));
  const [hosts, resolver] = [join(folder, 'hosts'), join(folder, 'resolv.conf')];
  // It is gone with this process, and its link to us with it.
  const holder = start('unshare', ['--net', 'sh', '-c', 'echo ready; read -r _']);
  await holder.line(/^ready$/);
  const enter = ['nsenter', `--net=/proc/${holder.child.pid}/ns/net`];
  const inside = (command: string, ...args: string[]) =>
    run('nsenter', [...enter.slice(1), command, ...args]);
  const ip = (command: string) => run('ip', command.split(' '));
  const ipInside = (command: string) => inside('ip', ...command.split(' '));
  const [host, guest, link] = place();
  await ip(`link add ${link} type veth peer ${link}p netns ${holder.child.pid}`);
  await ip(`address add ${host}/30 dev ${link}`);
  await ip(`link set ${link} up`);
  await ipInside(`address add ${guest}/30 dev ${link}p`);
  await ipInside(`link set ${link}p up`);
  await ipInside('link set lo up');
  await writeFile(hosts, `${host} ${names.join(' ')}\n`);
  await writeFile(resolver, `nameserver ${host}\n`);
  return {
    host,
    within: [...enter, 'unshare', '--mount', 'sh', '-c', WITH_NAMES, 'sh', hosts, resolver],
    build: async (wall) => {
      const rules = join(folder, 'rules');
      await writeFile(rules, rulesOf(wall));
      await inside('nft', '--file', rules);
    },
    cut: async () => {
      const { stdout } = await inside('ss', ...CONNECTED, 'dport', '=', ':443');
      // By their own ports, for who notices it connects anew while others are still being cut.
      for (const [, own = ''] of stdout.matchAll(/ (\S+:\d+) +\S+:443\b/g)) {
        await inside('ss', '--kill', ...CONNECTED, 'src', '=', own);
      }
    },
    stop: async () => {
      await holder.stop('SIGKILL');
      await rm(folder, { recursive: true });
    },
  };
}

/** The two ends of a link, and its name. */
function place(): [host: string, guest: string, link: string] {
  const [third, fourth] = [randomInt(256), 4 * randomInt(64)];
  const network = `${TEST_NETWORK}.${third}`;
  return [`${network}.${fourth + 1}`, `${network}.${fourth + 2}`, `inb${third}x${fourth}`];
}
