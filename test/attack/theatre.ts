import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { peakMemory } from '../e2e/flood.js';
import { hashOfFile, sha256 } from '../support/files.js';
import { accountOf, runInband } from '../support/inband.js';
import type { Running } from '../support/process.js';
import type { TestServer } from '../support/server.js';
import type { Place } from './places.js';
import { RawClient } from './raw-client.js';
import { type Attacker, attack, type Payload, statesOf, type Target } from './siege.js';

const MAX_MEMORY = 150_000_000;
const HALF = 1_000_000;

/** Who is let in, and who is not. */
export const ROLES = ['friend', 'stranger'] as const;
export type Role = (typeof ROLES)[number];

/** On one server: both daemons, those who attack them, a witness, and a file on its way. */
export class Theatre {
  readonly targets: Target[];
  readonly #server: TestServer;
  readonly #folder: string;
  readonly #attackers: Record<Role, Attacker>;
  readonly #witness: RawClient;
  readonly #file = randomBytes(2 * HALF);
  readonly #sender: Running;

  /** Adds accounts to the server; what the daemons print is kept until `close`. */
  static async open(server: TestServer): Promise<Theatre> {
    for (const name of [...ROLES, 'carol']) await server.addAccount(name);
    const folder = await mkdtemp(join(tmpdir(), 'inband-attack-'));
    const run = (name: string, args: string[]) =>
      runInband(args, { home: join(folder, name), stdin: undefined, env: accountOf(server, name) });
    const blob = join(folder, 'blob');
    await writeFile(blob, 'a blob');
    const who = ['--allow', `friend@${server.domain}`, '--allow', `alice@${server.domain}`];
    const targets = await Promise.all([
      online('receive', run('bob', ['receive', '--json', '--dir', join(folder, 'inbox'), ...who])),
      online('publish', run('carol', ['publish', '--json', '--serve', ...who, blob])),
    ]);
    const logIn = async (name: Role) => ({
      ...{ server, name },
      client: await RawClient.logIn(server, name, 'x'),
    });
    const attackers = { friend: await logIn('friend'), stranger: await logIn('stranger') };
    const witness = await RawClient.logIn(server, 'friend', 'witness');
    const sender = run('alice', ['send', '-', (targets[0] as Target).jid]);
    const theatre = new Theatre(server, folder, targets, attackers, witness, sender);
    await theatre.#sendHalf();
    return theatre;
  }

  private constructor(
    server: TestServer,
    folder: string,
    targets: Target[],
    attackers: Record<Role, Attacker>,
    witness: RawClient,
    sender: Running,
  ) {
    this.#server = server;
    this.#folder = folder;
    this.targets = targets;
    this.#attackers = attackers;
    this.#witness = witness;
    this.#sender = sender;
  }

  attack(role: Role, target: Target, place: Place, payload: Payload): Promise<string | undefined> {
    return attack(this.#attackers[role], this.#witness, target, place, payload);
  }

  /** Sends the rest of the file; says what was wrong in the end. */
  async finish(): Promise<string[]> {
    (this.#sender.child.stdin as Writable).end(this.#file.subarray(HALF));
    const { code } = await this.#sender.exited;
    if (code !== 0) return [`the file did not arrive: ${this.#sender.stderr()}`];
    const [receiver] = this.targets as [Target];
    const [done] = await receiver.running.line(/^\{"event":"done","peer":"alice@.*/);
    const { path } = JSON.parse(done) as { path: string };
    const arrived = (await hashOfFile(path)) === sha256(this.#file);
    const wrong = arrived ? [] : ['the file that arrived is another one'];
    for (const target of this.targets) {
      const memory = await peakMemory(target.running.child.pid as number);
      if (memory > MAX_MEMORY) wrong.push(`${target.name} took ${Math.round(memory / 1e6)} MB`);
      if (statesOf(target) !== 1) wrong.push(`${target.name} did not stay online`);
    }
    return wrong;
  }

  async close(): Promise<void> {
    for (const { client } of Object.values(this.#attackers)) client.close();
    this.#witness.close();
    await this.#sender.stop();
    await Promise.all(this.targets.map(({ running }) => running.stop()));
    await this.#server.stop();
    await rm(this.#folder, { recursive: true });
  }

  async #sendHalf(): Promise<void> {
    const input = this.#sender.child.stdin as Writable;
    if (!input.write(this.#file.subarray(0, HALF))) await once(input, 'drain');
    await this.targets[0]?.running.line(/"peer":"alice@/);
  }
}

async function online(name: string, running: Running): Promise<Target> {
  const [, jid = ''] = await running.line(/^\{"event":"state","state":"online","jid":"([^"]*)"/);
  return { name, jid, running };
}
