import { InBandBytestreams } from '../../protocol/ibb/in-band-bytestreams.js';
import { MAX_BLOCK_SIZE } from '../../protocol/ibb/stanzas.js';
import type { LeastPace } from '../../protocol/ibb/watch-peer.js';
import type { KeyPair } from '../../protocol/noise/dh25519.js';
import type { Session } from '../../session/session.js';
import { Lane, type LaneOptions } from '../lane/lane.js';
import type { RateLimit } from '../rate-limit.js';
import type { Registry } from '../registry.js';
import { type LinkOptions, Links } from './http/links.js';

/** What the ways of one session stand on, and share: each kind of stanza has one who takes it. */
export interface Services {
  readonly session: Session;
  readonly bytestreams: InBandBytestreams;
  /** Opens what is sealed for us; absent: nothing does. */
  readonly key: KeyPair | undefined;
  /** Absent: all goes in-band. */
  readonly lane?: Lane | undefined;
  /** Absent: nothing is left on a server. */
  readonly links?: Links | undefined;
}

interface ServicesOptions {
  /** Decides what peers may open; absent: nothing that was not announced. */
  registry?: Registry;
  key?: KeyPair | undefined;
  /** Absent: all goes in-band. */
  lane?: LaneOptions | undefined;
  /** Absent: nothing is left on a server. */
  links?: LinkOptions | undefined;
  /** What a peer must do to keep a channel that it opened. */
  pace?: LeastPace;
  /** The rate of all files together; absent: as fast as they come. */
  limit?: RateLimit | undefined;
}

export function startServices(
  session: Session,
  { registry, key, lane, links, pace, limit }: ServicesOptions = {},
): Services {
  const settings = {
    ...(pace ? { pace } : {}),
    ...(limit ? { maxBlockSize: acceptedBlock(limit), mostTaken: limit.step } : {}),
  };
  return {
    ...{ session, key, lane: lane && new Lane(session, lane, pace) },
    links: links && new Links(session, links),
    bytestreams: new InBandBytestreams(session, settings, registry),
  };
}

/** Takes nothing more, and breaks off what is open, for this reason. */
export function stopServices({ bytestreams }: Services, reason?: Error): void {
  bytestreams.close(reason);
}

/** Bytes of a block that senders propose by default: some have no smaller ones, and would send nothing. */
const USUAL_BLOCK_BYTES = 4096;

const acceptedBlock = ({ largestBlock }: RateLimit): number =>
  Math.min(Math.max(largestBlock, USUAL_BLOCK_BYTES), MAX_BLOCK_SIZE);
