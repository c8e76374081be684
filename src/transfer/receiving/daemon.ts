import { setMaxListeners } from 'node:events';
import { ChannelLost } from '../../protocol/channel.js';
import { HASH_FEATURES } from '../../protocol/hashes/hash-elements.js';
import { FILE_FEATURES } from '../../protocol/jingle/features.js';
import { NS_JINGLE_MESSAGE } from '../../protocol/jingle/message-initiation.js';
import { S5B_METHOD } from '../../protocol/jingle/transports/s5b/s5b.js';
import type { KeyPair } from '../../protocol/noise/dh25519.js';
import { keyForm } from '../../protocol/seal/announced-key.js';
import { NS_SEAL } from '../../protocol/seal/handshake.js';
import { NS_PING } from '../../session/ping.js';
import { persevere } from '../attempts/persevere.js';
import type { Connect } from '../connect.js';
import { NS_KEEPS_FILES } from '../finding/receiver.js';
import { type LaneWanted, NS_SEALED_LANE } from '../lane/lane.js';
import { WHAT_PLAIN_MEANS } from '../lane/names.js';
import { type LinksWanted, ReceivedLinks } from '../links/received-links.js';
import { PACE } from '../quotas/limits.js';
import { Quotas } from '../quotas/quotas.js';
import { ReceivingEnded } from '../reception-errors.js';
import type { Registry } from '../registry.js';
import {
  type Announced,
  announce,
  type Serving,
  startServing,
  untilEnded,
} from '../serving/serving.js';
import type { StrangersTold } from '../serving/turned-away.js';
import type { IncomingOffer, Listener } from '../ways/incoming.js';
import { startServices, stopServices } from '../ways/services.js';
import { openWays, WAYS } from '../ways/ways.js';
import { KeyRules, type KeyRulesOptions } from './key-rules.js';
import { Places, type Running } from './places.js';
import { takeProposals } from './proposals.js';
import { Receptions, type ReceptionsOptions } from './receptions.js';

const FEATURES = [
  ...[NS_PING, NS_JINGLE_MESSAGE, NS_KEEPS_FILES, ...FILE_FEATURES, ...HASH_FEATURES],
  ...WAYS.flatMap(({ features }) => features),
];

type OfSession = 'knows' | 'quotas' | 'places' | 'running' | 'judge' | 'isNews';

export interface ReceiveOnOptions extends Omit<ReceptionsOptions, OfSession> {
  registry: Registry;
  now: () => Date;
  sealing: ReceivingSealing;
  /** To whom addresses are shown beside the XMPP stream; absent: all comes in-band. */
  lane?: LaneWanted | undefined;
  /** Absent: no links are fetched. */
  links?: ReceivedLinks | undefined;
}

export interface ReceivingSealing
  extends Pick<KeyRulesOptions, 'encrypt' | 'trust' | 'account' | 'trusted'> {
  /** The own key; absent: what is encrypted cannot be opened. */
  own: KeyPair | undefined;
}

interface DaemonOptions extends Omit<ReceiveOnOptions, 'links'>, StrangersTold {
  connect: Connect;
  /** Looks for the password again; see `persevere`. */
  renew(): Promise<boolean>;
  /** The rules of `--allow`. */
  allow?: readonly string[] | undefined;
  /** At a time. */
  maxTransfers: number;
  /** Absent: no links are fetched. */
  links?: LinksWanted | undefined;
}

/**
 * Receives files over one session after the other. Resolves after the first file with `once`; otherwise it goes on
 * until an error or the signal. What was to be done for the files is done by then.
 */
export async function receiveFiles(options: DaemonOptions): Promise<void> {
  const { inbox, renew, report, lane } = options;
  // Without the inbox nothing can arrive: that ends it as the user's own signal does.
  const signal = AbortSignal.any([options.signal, inbox.lost]);
  setMaxListeners(0, signal);
  if (lane?.mayBePlain) report({ event: 'notice', text: MAY_BE_PLAIN });
  const running: Running = new Map();
  const quotas = new Quotas(options.maxTransfers);
  const isKnown = (account: string, linkId: string) => inbox.ledger.hasLink(account, linkId);
  const links = options.links && new ReceivedLinks(options.links, { quotas, isKnown, report });
  const ended = new AbortController();
  const madeUp = options.work.makeUp(AbortSignal.any([signal, ended.signal]));
  // The end tells.
  madeUp.catch(() => undefined);
  try {
    await persevere({ signal, report, renew }, async (isOnline) => {
      const serving = await startServing({ ...options, quotas, links: options.links?.from });
      isOnline();
      await receiveOn(serving, running, { ...options, signal, links });
    });
  } finally {
    ended.abort();
    await Promise.all([madeUp, ...running.keys()]);
  }
}

/** Receives files on one session, and closes it in the end. See `receiveFiles`. */
export async function receiveOn(
  serving: Serving,
  running: Running,
  options: ReceiveOnOptions,
): Promise<void> {
  const { session, knows, quotas } = serving;
  const { inbox, report, signal } = options;
  const places = new Places(quotas.transfers, running, inbox);
  const rules = new KeyRules({ ...options, ...options.sealing });
  const judge = (file: IncomingOffer) => rules.judge(file, serving.standingOf(file.peer));
  const isNews = (peer: string) => rules.isNews(peer);
  const ofSession = { knows, quotas, places, running, judge, isNews };
  const receptions = new Receptions({ ...options, ...ofSession });
  const { stop, prepare } = listen(serving, places, receptions, options);
  let failure: Error | undefined;
  try {
    await takeProposals(serving, report);
    // Behind the carbons, so that none is missed in between.
    void options.links?.readAway(serving);
    await announce(session, report, { ...announced(options), onAsked: prepare });
    await untilEnded(session, signal, receptions.done);
  } catch (error) {
    failure = error as Error;
  }
  stop(signal.aborted ? signal.reason : undefined);
  // Nothing waits for what is done for the files: whoever writes to us meanwhile should find us again soon.
  await receptions.ended();
  await session.close();
  // The last bytes may have come before the connection was lost, and the file is there only now.
  if (failure && (signal.aborted || !receptions.isDone)) throw failure;
}

const MAY_BE_PLAIN = `files may come beside the XMPP stream from other programs, not encrypted: ${WHAT_PLAIN_MEANS}`;

/** What those hear who ask what we do. */
function announced({ sealing: { own }, lane }: ReceiveOnOptions): Announced {
  const features = [...FEATURES, ...(lane?.mayBePlain ? S5B_METHOD.features : [])];
  if (!own) return { features };
  const sealed = lane ? [NS_SEAL, NS_SEALED_LANE] : [NS_SEAL];
  return { features: [...features, ...sealed], forms: [keyForm(own.publicKey)] };
}

/** A file is fetched on a session, so that all that is under way ends with it. */
const OFFLINE = 'the session has ended; it is fetched again on the next one';

interface Listening {
  stop(reason?: Error): void;
  /** Asks ahead what answers to offers will need to know. */
  prepare(): void;
}

/** Hands the files that come by any way over to the receptions. */
function listen(
  serving: Serving,
  places: Places,
  receptions: Receptions,
  { registry, report, now, limit, sealing, links, lane: wanted }: ReceiveOnOptions,
): Listening {
  const { session, quotas, relationOf } = serving;
  const note = (text: string) => report({ event: 'note', text });
  const lane = wanted && { ...wanted, relationOf, note };
  const services = startServices(session, {
    ...{ registry, key: sealing.own, lane, pace: PACE, limit },
  });
  const listener: Listener = {
    ...{ places, registry, now },
    take: (file) => receptions.take(file),
    mayOffer: (peer) => quotas.transfers.mayOffer(peer),
    refused: (peer, why) => note(`an offer of ${peer} was refused: ${why}`),
  };
  const ways = [...openWays(services).values()];
  const ends = ways.map((way) => way.listen?.(listener));
  const endLinks = links?.begin(serving, (file) => receptions.take(file));
  const mayComeBeside = sealing.own !== undefined || wanted?.mayBePlain === true;
  return {
    stop: (reason) => {
      endLinks?.(reason ? new ReceivingEnded('stopped') : new ChannelLost(OFFLINE));
      for (const end of ends) end?.(reason);
      stopServices(services, reason);
    },
    prepare: () => {
      for (const way of mayComeBeside ? ways : []) way.prepare?.();
    },
  };
}
