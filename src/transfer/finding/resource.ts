import { type Discovered, featuresOf, isForAccount, nameOf } from '../../protocol/disco.js';
import { makesFolders, remembersFiles } from '../../protocol/jingle/features.js';
import { NS_JINGLE_MESSAGE } from '../../protocol/jingle/message-initiation.js';
import { tellsOfKey } from '../../protocol/seal/announced-key.js';
import { type Beside, isInband, type Recipient, type Way } from '../ways/way.js';
import { WAYS } from '../ways/ways.js';
import { losesFiles } from './known-clients.js';
import { NS_KEEPS_FILES } from './receiver.js';

/** The ways that the user named, in that order; any of them otherwise. */
export type Via = readonly Way[] | undefined;

/** A resource that has told what it can do. */
export interface Resource {
  /** Full JID, or a domain. */
  jid: string;
  /** What its program calls itself, where it does. */
  client?: string;
  /** The ways in which it says that it takes files, best first. */
  ways: readonly Way[];
  /** See `Recipient`. */
  beside?: Beside;
  /** There is such a way, which the user does not want. */
  couldBeside?: true;
  /** Its server has answered in its place: the ways are those that might be. */
  isGuess?: true;
  /** Answers proposals (XEP-0353). */
  proceeds: boolean;
  /** See `Recipient`. */
  hasKey?: true;
  answersClose?: true;
  remembersFiles?: true;
  /** See `Recipient`. */
  makesFolders?: true;
}

/** What an answer tells of its resource. `mayBePlain`: files may go beside the stream in the clear, too. */
export function resourceOf({ jid, info }: Discovered, mayBePlain: boolean): Resource {
  const features = featuresOf(info);
  const client = nameOf(info);
  const said: Pick<Resource, 'hasKey' | 'answersClose'> = {
    ...(tellsOfKey(info) ? { hasKey: true } : {}),
    ...(features.has(NS_KEEPS_FILES) ? { answersClose: true } : {}),
  };
  const how = { client, mayBePlain, isOurs: isInband(said) };
  return {
    jid,
    ...(client === undefined ? {} : { client }),
    ...(isForAccount(info) ? { isGuess: true, ways: WAYS } : waysOf(features, how)),
    proceeds: features.has(NS_JINGLE_MESSAGE),
    ...said,
    ...(remembersFiles(features) ? { remembersFiles: true } : {}),
    ...(makesFolders(features) ? { makesFolders: true } : {}),
  };
}

export const namesOf = (ways: readonly Way[]): string => ways.map(({ name }) => name).join(', ');

/** What the ways of a resource depend on beside its features. */
interface Asked {
  client: string | undefined;
  mayBePlain: boolean;
  isOurs: boolean;
}

function waysOf(
  advertised: ReadonlySet<string>,
  { client = '', mayBePlain, isOurs }: Asked,
): Pick<Resource, 'ways' | 'beside' | 'couldBeside'> {
  const ways = WAYS.filter((way) => way.isTakenBy(advertised));
  // Between two of us nothing goes beside the stream in the clear.
  const able = isOurs ? [] : WAYS.filter((way) => way.isTakenBeside(advertised));
  if (able.length === 0) return { ways };
  if (!mayBePlain) return { ways, couldBeside: true };
  const inStream = losesFiles(client) ? [] : ways;
  const how = (way: Way) => (inStream.includes(way) ? 'too' : 'only');
  return {
    ways: WAYS.filter((way) => ways.includes(way) || able.includes(way)),
    beside: new Map(able.map((way) => [way, how(way)])),
  };
}

/** The ways of the resource that are allowed. Unless the user named some, nothing is sent to those who would lose it. */
export function waysBy(via: Via, { ways, beside, client = '' }: Resource): readonly Way[] {
  if (via) return via.filter((way) => ways.includes(way));
  return losesFiles(client) ? ways.filter((way) => beside?.has(way)) : ways;
}

/**
 * The resources that take files in the best way that any of them does; guesses come last. `isAmbiguous`: they
 * are several, and can tell by a proposal which of them is to get it.
 */
export function ablest(
  resources: readonly Resource[],
  via?: Via,
): { best: Resource[]; isAmbiguous: boolean } {
  const [first] = byAbility(resources, via);
  const best = first ? resources.filter((one) => rank(one, via) === rank(first, via)) : [];
  return { best, isAmbiguous: best.length > 1 && best.some(({ proceeds }) => proceeds) };
}

/** The resources that take files, the ablest first. */
export const byAbility = (resources: readonly Resource[], via: Via): Resource[] =>
  resources
    .filter((one) => waysBy(via, one).length > 0)
    .sort((a, b) => rank(a, via) - rank(b, via));

function rank(resource: Resource, via: Via): number {
  const [way] = waysBy(via, resource);
  const order = via ?? WAYS;
  return (way ? order.indexOf(way) : order.length) + (resource.isGuess ? WAYS.length + 1 : 0);
}

/** The resource as the recipient of files, by the ways that are allowed. */
export const recipientOf = (resource: Resource, via: Via): Recipient => ({
  peer: resource.jid,
  ways: waysBy(via, resource),
  ...(resource.beside ? { beside: resource.beside } : {}),
  ...(resource.hasKey ? { hasKey: true } : {}),
  ...(resource.answersClose ? { answersClose: true } : {}),
  ...(resource.remembersFiles ? { remembersFiles: true } : {}),
  ...(resource.makesFolders ? { makesFolders: true } : {}),
  ...(resource.isGuess ? { isGuess: true } : {}),
});
