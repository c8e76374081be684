import { roundTrip } from '../../protocol/round-trip.js';
import { askVersion } from '../../protocol/version.js';
import { type Clock, systemClock } from '../../session/clock.js';
import { addressFrom } from '../../session/jid.js';
import type { RequestOptions, Session } from '../../session/session.js';
import { WHAT_PLAIN_MEANS } from '../lane/names.js';
import type { Probed } from '../listed-events.js';
import type { AnyWayName } from '../ways/names.js';
import { UNADVERTISED } from '../ways/ways.js';
import { Inquiry, isContact } from './inquiry.js';
import { remarkOn } from './known-clients.js';
import { type KeyOptions, keyOf, refusalOf } from './probed-key.js';
import { receiverOf } from './receiver.js';
import { ablest, byAbility, type Resource } from './resource.js';
import { whyNotInStream } from './why-not-in-stream.js';

const PINGS = 3;

/** To propose a file that does not come would trouble people. */
const UNSEEN_HINT = '"inband send" would propose a file to all that are not seen';

const BESIDE_HINT = `"inband send --plain-s5b" reaches it, not encrypted: ${WHAT_PLAIN_MEANS}`;

/** A resource that is there, and what was found out about it. */
export type ProbedResource = Omit<Probed, 'event'>;

interface ProbeOptions extends KeyOptions {
  /** Told of those that do not answer. */
  note: (text: string) => void;
  clock?: Clock;
}

export interface Probe {
  resources: ProbedResource[];
  /** Why nobody would be offered a file: what `send` would end with. */
  nobody?: Error;
}

/**
 * Finds out what the resources of a JID can do, as far as we may see them, and to which of them `send` would offer a
 * file. Sends nothing but questions. Rejects when the session ends.
 */
export async function probe(
  session: Session,
  typed: string,
  { signal, note, clock = systemClock, sealing, lane }: ProbeOptions,
): Promise<Probe> {
  const jid = addressFrom(session.jid, typed);
  const inquiry = new Inquiry(session, { signal, note });
  const { answering, mute } = await whoIsThere(inquiry, jid);
  const { chosen, why } = choose(answering, jid, inquiry);
  const options = { signal, sealing, lane };
  const refusals: Error[] = [];
  const verdictOn = async (resource: Resource) => {
    const refusal = await refusalOf(resource, session, typed, options);
    if (!refusal) return { ...viaOf(resource), why: whyOf(resource, why) };
    refusals.push(refusal);
    return { refused: refusal.message };
  };
  const examined = answering.map(
    async (resource): Promise<ProbedResource> => ({
      ...(await examine(resource, session, inquiry, clock)),
      ...(await keyOf(resource, session, typed, options)),
      ...(chosen.includes(resource) ? await verdictOn(resource) : {}),
    }),
  );
  const resources = [...(await Promise.all(examined)), ...mute];
  if (chosen.length > 0) {
    const [refusal] = refusals.length === chosen.length ? refusals : [];
    return { resources, ...(refusal ? { nobody: refusal } : {}) };
  }
  const mayPropose = isContact(jid) && resources.length === 0;
  const hints = answering.some(({ couldBeside }) => couldBeside) ? [BESIDE_HINT] : [];
  if (mayPropose) hints.push(UNSEEN_HINT);
  return { resources, nobody: inquiry.nobodyFound(jid, ...hints) };
}

/** `mute`: those that are seen and answer no questions. */
async function whoIsThere(
  inquiry: Inquiry,
  jid: string,
): Promise<{ answering: Resource[]; mute: ProbedResource[] }> {
  const named = isContact(jid) ? receiverOf(jid) : jid;
  const seen = isContact(jid) ? await inquiry.seen(jid) : [];
  const others = seen.filter((one) => one.jid !== named);
  const asked = [{ jid: named }, ...others].map((one) => inquiry.tryToAsk(one));
  const answering = (await Promise.all(asked)).filter((one) => one !== undefined);
  for (const one of answering) {
    const why = whyNotInStream(one);
    if (why) inquiry.found(why.message);
    else if (one.ways.length === 0) inquiry.found(`${one.jid} takes no files in the stream`);
  }
  const mute = seen
    .map((one) => inquiry.formOf(one.jid))
    .filter((peer) => !answering.some(({ jid }) => jid === peer))
    .map((peer) => ({ peer, ways: [] }));
  return { answering, mute };
}

/** As `findRecipients` does, but for the proposal, which leaves all those that may proceed. */
function choose(
  resources: Resource[],
  jid: string,
  inquiry: Inquiry,
): { chosen: Resource[]; why: string } {
  if (!isContact(jid)) {
    const isAble = resources.some(({ ways }) => ways.length > 0);
    const chosen = resources.filter((one) => !whyNotInStream(one));
    return {
      chosen,
      why: isAble
        ? 'it is the one named'
        : 'it does not say that it takes files; bytes in the stream would be tried',
    };
  }
  const able = byAbility(resources, undefined);
  const daemon = able.find((one) => one.jid === inquiry.formOf(receiverOf(jid)));
  if (daemon) return { chosen: [daemon], why: '"inband receive" runs there' };
  const { best, isAmbiguous } = ablest(resources);
  if (isAmbiguous) return { chosen: best, why: 'if it is the first to answer a proposal' };
  return { chosen: best.slice(0, 1), why: 'it takes files best of those that are seen' };
}

/** A resource that was named is tried in ways that it does not tell of, too. */
function viaOf({ ways }: Resource): { via?: AnyWayName } {
  const way = ways[0] ?? UNADVERTISED[0];
  return way ? { via: way.name } : {};
}

/** A guess has no better reason than that its server answered. */
const whyOf = ({ isGuess }: Resource, why: string): string =>
  isGuess ? 'its server answers in its place, so that each way would be tried' : why;

async function examine(
  { jid, client: discovered, ways, isGuess }: Resource,
  session: Session,
  inquiry: Inquiry,
  clock: Clock,
): Promise<ProbedResource> {
  const told = await inquiry.orNothing(
    `the version of what runs at ${jid}`,
    askVersion(session, jid, inquiry.options),
  );
  const client = told?.name || discovered;
  const remark = client && remarkOn(client);
  const roundTripMs = await inquiry.orNothing(
    `the round trip to ${jid}`,
    measure(session, jid, clock, inquiry.options),
  );
  return {
    peer: jid,
    ...(client ? { client } : {}),
    ...(told?.version ? { version: told.version } : {}),
    ways: isGuess ? [] : ways.map(({ name }) => name),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    ...(remark ? { remark } : {}),
  };
}

/** The median, in whole milliseconds. */
async function measure(
  session: Session,
  jid: string,
  clock: Clock,
  options: RequestOptions,
): Promise<number> {
  const times: number[] = [];
  while (times.length < PINGS) times.push(await roundTrip(session, jid, clock, options));
  times.sort((a, b) => a - b);
  return Math.round(times[(PINGS - 1) / 2] as number);
}
