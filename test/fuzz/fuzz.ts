import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Element } from '../../src/session/xml.js';
import { garble, mutate } from './mutate.js';
import { checkPlaces, endAll } from './places.js';
import { Random } from './random.js';
import { OWN, scene } from './scenes.js';
import { FuzzServer } from './server.js';

/** So many scenes go on at a time, their stanzas mixed. */
const SCENES = 5;
/** After so many mutations everything is ended, and nothing may be left over. */
const ROUND = 2_500;
/** Few enough for the limits of each to be far, and many enough for a minute of fuzzing. */
const ACCOUNTS = 2_000;
const MAX_GROWTH_BYTES = 20_000_000;

interface Cast {
  from: string | undefined;
  stanzas: Element[];
}

export interface Tally {
  mutations: number;
  /** Files that arrived all the same. */
  published: number;
  grownBytes: number;
}

/** Throws when the daemon stumbles, does not answer as it should, or grows. */
export async function fuzz(count: number, seed: number): Promise<Tally> {
  const random = new Random(seed);
  const server = new FuzzServer(random);
  await server.daemon.start(['own', 'contacts', 'friends.example']);
  await server.settle();
  let [mutations, round, casts, heap] = [0, 0, 0, 0];
  const stage: Cast[] = [];
  while (mutations < count) {
    for (const end = Math.min(mutations + ROUND, count); mutations < end; ) {
      while (stage.length < SCENES)
        stage.push({ from: sender(random, casts++), stanzas: scene(random) });
      mutations += await step(server, random, stage);
    }
    stage.length = 0;
    round += 1;
    await endAll(server);
    await checkPlaces(server, round);
    server.forget();
    server.daemon.inbox.forget();
    if (round === 1) heap = usedHeap();
  }
  const grownBytes = usedHeap() - heap;
  if (grownBytes > MAX_GROWTH_BYTES) throw new Error(`the heap has grown by ${grownBytes} bytes`);
  await server.daemon.stop();
  if (server.daemon.inbox.open.size > 0) throw new Error('there are partials left');
  return { mutations, published: server.daemon.inbox.published, grownBytes };
}

/** Sends the next stanza of one of the scenes; returns how many of those sent were mutations. */
async function step(server: FuzzServer, random: Random, stage: Cast[]): Promise<number> {
  const cast = random.pick(stage);
  const stanza = cast.stanzas.shift();
  if (cast.stanzas.length === 0) stage.splice(stage.indexOf(cast), 1);
  if (!stanza || random.chance(0.03)) return 0;
  if (random.chance(0.02)) {
    server.breakStream(garble(stanza.toString(), random));
    return 1;
  }
  const isMutation = random.chance(0.6);
  if (isMutation) mutate(stanza, random, random.pick(scene(random)));
  for (let times = random.chance(0.03) ? 2 : 1; times > 0; times -= 1) {
    server.send(stanza, isMutation && random.chance(0.02) ? random.pick(NOBODY) : cast.from);
  }
  await server.settle(random.below(4));
  return isMutation ? 1 : 0;
}

/** What no server lets through. */
const NOBODY = ['', '@', 'a@', '/x', 'a@b/', 'a b@c', 'x'.repeat(3000)];

/** Mostly one who may; the account and its server, and strangers. */
function sender(random: Random, casts: number): string | undefined {
  const number = Math.floor(casts / 4) % ACCOUNTS;
  const kind = random.next();
  if (kind < 0.05) return random.pick([undefined, OWN]);
  return kind < 0.1 ? `evil${number}@evil.example/x` : `pal${number}@friends.example/x${casts % 3}`;
}

function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
