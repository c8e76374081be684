import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestServer } from '../support/servers/server.js';
import { RawClient } from './raw-client.js';
import type { Target } from './siege.js';
import { DISCO, iq, PING, query } from './stanzas.js';
import { ROLES, runIn, startTargets, wrongWith } from './theatre.js';

/** What makes a daemon write more than a server reads that lets 10,000 bytes a second through, if it answers all. */
const FLOODS: Record<(typeof ROLES)[number], { stanza: string; times: number }> = {
  // Seven times as long is the answer.
  friend: { stanza: iq('get', query(`${DISCO}#info`, ''), 'i$NEW'), times: 400 },
  stranger: { stanza: iq('get', PING, 'x'.repeat(1_000)), times: 180 },
};

/** Whoever asks in the middle of it has no more than this. */
const PATIENCE_MS = 30_000;

/** Small enough for a server that is slow with its sender, too. */
const FILE_BYTES = 3_000;

/** Floods both daemons while a file is sent to one of them, and asks both; says what was wrong. */
export async function flooded(server: TestServer): Promise<string[]> {
  for (const name of [...ROLES, 'carol']) await server.addAccount(name);
  const folder = await mkdtemp(join(tmpdir(), 'inband-flooded-'));
  const targets = await startTargets(server, folder);
  const witness = await RawClient.logIn(server, 'alice', 'witness');
  const flooders = await Promise.all(ROLES.map((role) => flood(server, role, targets)));
  const sender = runIn(server, folder, 'alice', ['send', '-', targets[0].jid]);
  sender.child.stdin?.end(Buffer.alloc(FILE_BYTES));
  const { code } = await sender.exited;
  const wrong = code === 0 ? [] : [`the file did not arrive: ${sender.stderr()}`];
  wrong.push(...(await unanswered(witness, targets)), ...(await wrongWith(targets)));
  for (const client of [...flooders, witness]) client.close();
  // What they still have to say is of no use to anybody.
  await Promise.all(targets.map(({ running }) => running.stop('SIGKILL')));
  await rm(folder, { recursive: true });
  return wrong;
}

/** Asks both at once; says which of them gave no answer. */
async function unanswered(witness: RawClient, targets: readonly Target[]): Promise<string[]> {
  const asked = targets.map(async ({ name, jid }) => {
    const answer = await witness.ping(jid, PATIENCE_MS).then(
      ({ type }) => type,
      (error: Error) => error.message,
    );
    return answer === 'result' ? [] : [`${name} did not answer: ${answer}`];
  });
  return (await Promise.all(asked)).flat();
}

/** Writes as much as the server reads in its own time. */
async function flood(
  server: TestServer,
  role: (typeof ROLES)[number],
  targets: readonly Target[],
): Promise<RawClient> {
  const client = await RawClient.logIn(server, role, 'flood');
  const { stanza, times } = FLOODS[role];
  for (let count = 0; count < times; count += 1) {
    for (const { jid } of targets) {
      client.write(stanza.replace('$TO', jid).replace('$NEW', `${count}`));
    }
  }
  return client;
}
