import { readFile } from 'node:fs/promises';
import type { Running } from '../support/programs/process.js';
import type { TestServer } from '../support/servers/server.js';
import { ELEMENTS, TEXTS } from './payloads.js';
import { PLACES, type Place } from './places.js';
import { PATIENCE_MS, RawClient } from './raw-client.js';
import { ENDINGS } from './stanzas.js';

/** What one place may cost the daemon, of its processor's time: on a busy machine the clock on the wall says nothing. */
const MAX_CPU_MS = 2_000;
/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/** `inband receive` or `inband publish --serve`, started with `--json`. */
export interface Target {
  name: string;
  /** Full JID. */
  jid: string;
  running: Running;
}

export interface Attacker {
  server: TestServer;
  /** Of the account. */
  name: string;
  client: RawClient;
}

/** One that is let in by the target, and sends nothing but pings. */
export type Witness = RawClient;

/** What can be sent: a payload by its name, and what stands for `$FILL`. */
export type Payload = [name: string, fill: string];

/** The one that suits a place most. */
export const fitting = (place: Place): Payload =>
  'text' in place ? [place.text, TEXTS[place.text]] : [place.elements, ELEMENTS[place.elements]];

/** The attacks with this part in their names. Throws where there is none: an attack on nothing succeeds always. */
export function placesNamed(part: string): Place[] {
  const places = PLACES.filter(({ name }) => name.includes(part));
  if (places.length === 0) throw new Error(`no place has "${part}" in its name`);
  return places;
}

/** All of the kind of a place. */
export const every = (place: Place): Payload[] =>
  Object.entries('text' in place ? TEXTS : ELEMENTS);

/** Questions, which take longer together than the daemon's disk. */
const UNHURRIED = 20;

/** The server has ended the attacker's stream over it, so that nobody else has seen it. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
}

let count = 0;

/** Sends a payload to a place; says what was wrong then, if anything was. Throws `NotTaken`. */
export async function attack(
  { server, name, client }: Attacker,
  witness: Witness,
  target: Target,
  place: Place,
  [payload, fill]: Payload,
): Promise<string | undefined> {
  const own = place.resource ? await RawClient.logIn(server, name, place.resource) : client;
  const what = `${place.name} (${payload}) from ${name} to ${target.name}`;
  const states = statesOf(target);
  const cpu = await cpuMs(target);
  try {
    const type = await send(own, witness, target, place, fill);
    const used = (await cpuMs(target)) - cpu;
    const wrong = [
      ...(type === 'result' ? [] : ['a ping was answered by somebody else']),
      ...(statesOf(target) === states ? [] : ['the session has ended']),
      ...(used <= MAX_CPU_MS ? [] : [`${used} ms of work`]),
    ];
    if (wrong.length === 0) return undefined;
    await comeBack(witness, target, wrong);
    return `${what}: ${wrong.join(', ')}`;
  } catch (cause) {
    const text = `${what}: ${cause instanceof Error ? cause.message : cause}`;
    throw own.hasEnded ? new NotTaken(text, { cause }) : new Error(text, { cause });
  } finally {
    if (own !== client) own.close();
  }
}

/** Returns the type of the last answer that the witness got. */
async function send(
  client: RawClient,
  witness: Witness,
  { jid }: Target,
  place: Place,
  fill: string,
): Promise<string> {
  count += 1;
  const known = { $TO: jid, $SID: `s${count}`, $ID: `i${count}`, $FILL: fill };
  const { reply } = place;
  const usual = client.reply;
  if (reply) client.reply = ({ id, from }) => replace(reply, { $ID: id, $FROM: from, $FILL: fill });
  for (const stanza of [place.stanzas].flat()) {
    client.write(replace(stanza, known));
    const questions = place.unhurried ? UNHURRIED : 1;
    for (let asked = 0; asked < questions; asked += 1) await allRead(client, witness, jid);
  }
  client.reply = usual;
  for (const stanza of ENDINGS) client.write(replace(stanza, known));
  return allRead(client, witness, jid);
}

/** The server has passed on what was written, and the daemon has read it; strangers need not get answers of it. */
async function allRead(client: RawClient, witness: Witness, jid: string): Promise<string> {
  await client.ping('localhost');
  return (await witness.ping(jid)).type;
}

/** Waits until a target whose session has ended is there again. */
async function comeBack(witness: Witness, { jid }: Target, wrong: string[]): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const { type } = await witness.ping(jid);
    if (type === 'result') return;
    if (patience.aborted) throw new Error([...wrong, 'it did not come back'].join(', '));
  }
}

function replace(text: string, words: Record<string, string>): string {
  return text.replace(/\$[A-Z]+/g, (word) => words[word] ?? word);
}

/** How often its session has been begun, cut, or ended. */
export const statesOf = ({ running }: Target): number =>
  running.stdout().split('{"event":"state"').length - 1;

/** Of its processor's time, spent until now. */
async function cpuMs({ running }: Target): Promise<number> {
  const stat = await readFile(`/proc/${running.child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [fields[11], fields[12]];
  return (Number(user) + Number(system)) * TICK_MS;
}
