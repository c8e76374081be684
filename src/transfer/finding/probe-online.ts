import { type Connect, goOnline } from '../connect.js';
import type { Report } from '../events.js';
import type { TrustStore } from '../keys/trusted-keys.js';
import { Lane, type LaneWanted, laneToNamed } from '../lane/lane.js';
import { type Probe, probe } from './probe.js';

interface ProbeOnlineOptions {
  connect: Connect;
  report: Report;
  signal: AbortSignal;
  trusted: TrustStore;
  /** To whom addresses are shown beside the XMPP stream; absent: all goes in-band. */
  lane: LaneWanted | undefined;
}

/** Goes online and probes a JID; reports each resource that is found. Rejects as `connect` and `probe` do. */
export async function probeOnline(
  jid: string,
  { connect, report, signal, trusted, lane: wanted }: ProbeOnlineOptions,
): Promise<Probe> {
  const session = await goOnline(connect, report, { admit: () => false });
  try {
    const note = (text: string) => report({ event: 'note', text });
    const lane = wanted && new Lane(session, laneToNamed(wanted));
    const until = probe(session, jid, { signal, note, trusted, lane });
    report({ event: 'pending', text: `asking ${jid}`, until });
    const found = await until;
    for (const resource of found.resources) report({ event: 'resource', ...resource });
    return found;
  } finally {
    await session.close();
  }
}
