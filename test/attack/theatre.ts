import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { peakMemory } from '../e2e/hostile/flood.js';
import { hashOfFile } from '../support/files.js';
import { accountOf, runInband } from '../support/programs/inband.js';
import type { Running } from '../support/programs/process.js';
import type { TestServer } from '../support/servers/server.js';
import type { Place } from './places.js';
import { RawClient } from './raw-client.js';
import { type Attacker, attack, type Payload, statesOf, type Target } from './siege.js';

const MAX_MEMORY = 120_000_000;
const HALF = 1_000_000;
/** With each attack: a sender that sends nothing for two minutes loses its place. */
const SOME = 8_192;

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
  /** Of what was sent so far. */
  readonly #sent = createHash('sha256');
  readonly #sender: Running;

  /** Adds accounts to the server; what the daemons print is kept until `close`. */
  static async open(server: TestServer): Promise<Theatre> {
    for (const name of [...ROLES, 'carol']) await server.addAccount(name);
    const folder = await mkdtemp(join(tmpdir(), 'inband-attack-'));
    const targets = await startTargets(server, folder);
    const logIn = async (name: Role) => ({ server, name, client: await attackerOf(server, name) });
    const attackers = { friend: await logIn('friend'), stranger: await logIn('stranger') };
    const witness = await RawClient.logIn(server, 'friend', 'witness');
    const sender = runIn(server, folder, 'alice', ['send', '-', (targets[0] as Target).jid]);
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

  /** As `attack`; there is an attacker for the next one, whatever has come of the one before. */
  async attack(
    role: Role,
    target: Target,
    place: Place,
    payload: Payload,
  ): Promise<string | undefined> {
    this.#feed(SOME);
    const attacker = this.#attackers[role];
    try {
      return await attack(attacker, this.#witness, target, place, payload);
    } finally {
      if (attacker.client.hasEnded) attacker.client = await attackerOf(this.#server, role);
    }
  }

  /** Sends the rest of the file; says what was wrong in the end. */
  async finish(): Promise<string[]> {
    this.#feed(HALF);
    (this.#sender.child.stdin as Writable).end();
    const { code } = await this.#sender.exited;
    if (code !== 0) return [`the file did not arrive: ${this.#sender.stderr()}`];
    const [receiver] = this.targets as [Target];
    const [done] = await receiver.running.line(/^\{"event":"done","id":\d+,"peer":"alice@.*/);
    const { path } = JSON.parse(done) as { path: string };
    const arrived = (await hashOfFile(path)) === this.#sent.digest('hex');
    const wrong = arrived ? [] : ['the file that arrived is another one'];
    return [...wrong, ...(await wrongWith(this.targets))];
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
    if (!this.#feed(HALF)) await once(this.#sender.child.stdin as Writable, 'drain');
    await this.targets[0]?.running.line(/"peer":"alice@/);
  }

  /** Returns whether the sender can take more at once. */
  #feed(bytes: number): boolean {
    const part = randomBytes(bytes);
    this.#sent.update(part);
    return (this.#sender.child.stdin as Writable).write(part);
  }
}

const attackerOf = (server: TestServer, role: Role): Promise<RawClient> =>
  RawClient.logIn(server, role, 'x');

/** Runs the program as an account of the server, below the folder. Its standard input is to be written. */
export function runIn(server: TestServer, folder: string, name: string, args: string[]): Running {
  const home = join(folder, name);
  return runInband(args, { home, stdin: undefined, env: accountOf(server, name) });
}

/** Both daemons, as bob and carol; they let friend and alice in. */
export async function startTargets(
  server: TestServer,
  folder: string,
): Promise<[receive: Target, publish: Target]> {
  const blob = join(folder, 'blob');
  await writeFile(blob, 'a blob');
  const who = ['--json', '--allow', `friend@${server.domain}`, '--allow', `alice@${server.domain}`];
  const receive = ['receive', '--dir', join(folder, 'inbox'), ...who];
  const publish = ['publish', '--serve', ...who, blob];
  return Promise.all([
    online('receive', runIn(server, folder, 'bob', receive)),
    online('publish', runIn(server, folder, 'carol', publish)),
  ]);
}

async function online(name: string, running: Running): Promise<Target> {
  const [, jid = ''] = await running.line(/^\{"event":"state","state":"online","jid":"([^"]*)"/);
  return { name, jid, running };
}

/** What their sessions and their memory have suffered. */
export async function wrongWith(targets: readonly Target[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const target of targets) {
    const memory = await peakMemory(target.running.child.pid as number);
    if (memory > MAX_MEMORY) wrong.push(`${target.name} took ${Math.round(memory / 1e6)} MB`);
    if (statesOf(target) !== 1) wrong.push(`${target.name} did not stay online`);
  }
  return wrong;
}
