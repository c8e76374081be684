import { MalformedAnnouncement } from '../../protocol/seal/announced-key.js';
import { formatKey } from '../../protocol/seal/public-key.js';
import { accountOf } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { askKey } from '../keys/key-question.js';
import { Sealing, type SealingOptions } from '../keys/sealing.js';
import type { Lane } from '../lane/lane.js';
import { ALL_INSIDE, NO_WAY, TAKES_NONE } from '../lane/transports-for.js';
import type { Probed } from '../listed-events.js';
import { UNADVERTISED } from '../ways/ways.js';
import { type Resource, recipientOf } from './resource.js';
import { PATIENCE_MS } from './seen.js';

export interface KeyOptions {
  signal: AbortSignal;
  /** As `send` would seal it. */
  sealing: SealingOptions;
  /** Absent: all goes in-band. */
  lane?: Lane | undefined;
}

/** Its key, asked for as `send` would, what is known of that, and how what is sealed by it would travel. */
export async function keyOf(
  { jid }: Resource,
  session: Session,
  typed: string,
  { signal, sealing, lane }: KeyOptions,
): Promise<Pick<Probed, 'peerKey' | 'trust' | 'lanes' | 'inBand'>> {
  const known = await sealing.trusted.read(accountOf(typed));
  const asked = await askedOf(jid, session, { signal, lane });
  if (!asked) return {};
  const { key, isMalformed, ...how } = asked;
  if (!key) return isMalformed || known.length > 0 ? { trust: 'CHANGED' } : {};
  const peerKey = formatKey(key);
  const same = known.find((one) => one.key === peerKey);
  const found = { peerKey, ...how };
  if (same) return { ...found, trust: same.isVerified ? 'verified' : 'known' };
  if (await isOurs(key, typed, sealing)) return { ...found, trust: 'known' };
  return { ...found, trust: known.length > 0 ? 'CHANGED' : 'new' };
}

interface Asked extends Pick<Probed, 'lanes' | 'inBand'> {
  key?: Buffer | undefined;
  isMalformed?: true;
}

/** Nothing: it does not say. */
async function askedOf(
  jid: string,
  session: Session,
  { signal, lane }: Pick<KeyOptions, 'signal' | 'lane'>,
): Promise<Asked | undefined> {
  try {
    const { key, hasLane } = await askKey(session, jid, { signal, timeout: PATIENCE_MS });
    return { key, ...(key ? await travelling(jid, hasLane, { signal, lane }) : {}) };
  } catch (error) {
    session.ended.throwIfAborted();
    signal.throwIfAborted();
    return error instanceof MalformedAnnouncement ? { isMalformed: true } : undefined;
  }
}

/** What carries a sealed file, as far as that is known before it is tried. */
async function travelling(
  jid: string,
  hasLane: boolean,
  { signal, lane }: Pick<KeyOptions, 'signal' | 'lane'>,
): Promise<Pick<Probed, 'lanes' | 'inBand'>> {
  if (!lane) return { inBand: ALL_INSIDE };
  if (!hasLane) return { inBand: TAKES_NONE };
  const lanes = await lane.waysTo(jid, signal);
  return lanes.length > 0 ? { lanes } : { inBand: NO_WAY };
}

/** The own account has the key of this machine without any first contact. */
const isOurs = async (key: Buffer, typed: string, { account, own }: SealingOptions) =>
  accountOf(typed) === accountOf(account) && (await own()).publicKey.equals(key);

/** Why `send` would not offer it a file, though it takes some: what it would end with. */
export async function refusalOf(
  resource: Resource,
  session: Session,
  typed: string,
  { signal, sealing }: KeyOptions,
): Promise<Error | undefined> {
  const { ways, ...told } = recipientOf(resource, undefined);
  const recipient = { ...told, ways: ways.length > 0 ? ways : UNADVERTISED };
  try {
    const situation = { session, signal, report: () => undefined };
    await new Sealing(typed, sealing).of(recipient, situation);
    return undefined;
  } catch (error) {
    session.ended.throwIfAborted();
    signal.throwIfAborted();
    return error as Error;
  }
}
