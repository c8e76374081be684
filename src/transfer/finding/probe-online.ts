import { inTime } from '../../protocol/within.js';
import { type Clock, systemClock } from '../../session/clock.js';
import type { Session } from '../../session/session.js';
import { type Connect, goOnline } from '../connect.js';
import type { Report } from '../events.js';
import type { SealingOptions } from '../keys/sealing.js';
import { sealingsBy } from '../keys/sealings.js';
import { Lane, type LaneWanted, laneToNamed } from '../lane/lane.js';
import { type OwnUploads, ownUploads } from '../ways/http/uploads.js';
import { type Probe, probe } from './probe.js';
import { isLeftFor } from './remedies.js';
import { PATIENCE_MS } from './seen.js';

interface ProbeOnlineOptions {
  connect: Connect;
  report: Report;
  signal: AbortSignal;
  /** As `send` would seal it. */
  sealing: SealingOptions;
  /** To whom addresses are shown beside the XMPP stream; absent: all goes in-band. */
  lane: LaneWanted | undefined;
  clock?: Clock;
}

/** Goes online and probes a JID; reports each resource that is found, and whether the own server takes uploads, where a file could be left for this one. Rejects as `connect` and `probe` do. */
export async function probeOnline(
  jid: string,
  { connect, report, signal, sealing, lane: wanted, clock = systemClock }: ProbeOnlineOptions,
): Promise<Probe> {
  const session = await goOnline(connect, report, { admit: () => false });
  try {
    const note = (text: string) => report({ event: 'note', text });
    const lane = wanted && new Lane(session, laneToNamed(wanted));
    const resources = probe(session, jid, { signal, note, sealing, lane });
    const until = Promise.all([resources, askUploads(session, signal, clock)]);
    report({ event: 'pending', text: `asking ${jid}`, until });
    const [found, uploads] = await until;
    for (const resource of found.resources) report({ event: 'resource', ...resource });
    // An upload goes beside the stream, and to no one who has a key.
    const hasKey = found.resources.some(({ peerKey }) => peerKey !== undefined);
    const mayLeave = lane && !hasKey && isLeftFor(jid, found.nobody, sealingsBy(sealing)(jid));
    if (uploads && (await mayLeave)) report({ event: 'uploads', ...uploads });
    return found;
  } finally {
    await session.close();
  }
}

/** Whether files can be left on the own server, for whoever is not there. Where that is not known, nothing is told. */
async function askUploads(
  session: Session,
  signal: AbortSignal,
  clock: Clock,
): Promise<OwnUploads | undefined> {
  // A session that is being resumed lets no time pass for what is asked.
  return inTime(clock, 2 * PATIENCE_MS, signal, (until) => ownUploads(session, until, PATIENCE_MS));
}
