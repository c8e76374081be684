import type { Clock } from '../../../../session/clock.js';
import { ChannelLost } from '../../../channel.js';
import { type LeastPace, Slowness } from '../../../ibb/watch-peer.js';
import type { SocketChannel } from '../../../socks5/socket-channel.js';

/** How long nothing may come while the reader waits, in milliseconds; the peer has all of the file. */
const STALL_MS = 60_000;
const STALLED = 'sends nothing by the connection';

/**
 * Ends a connection by which nothing comes any more, for TCP tells nobody that a proxy has forgotten it; and one whose
 * peer does not keep the pace, if there is one. While we read nothing, because of a slow disk for instance, nothing is
 * to come. Resolves when the channel is over.
 */
export async function watchArrival(
  channel: SocketChannel,
  clock: Clock,
  pace?: LeastPace,
): Promise<void> {
  const over = new AbortController();
  channel.once('close', () => over.abort());
  const arriving = {
    get incoming() {
      return { bytes: channel.bytesReceived, areUnsettled: !channel.isWaiting };
    },
  };
  const slowness = pace && new Slowness(arriving, pace, clock.now());
  for (;;) {
    const { isWaiting, bytesReceived } = channel;
    // Cut short, it is over.
    await clock.sleep(STALL_MS, over.signal).catch(() => undefined);
    if (over.signal.aborted || channel.readableEnded) return;
    const hasStalled = isWaiting && channel.isWaiting && channel.bytesReceived === bytesReceived;
    const why = hasStalled ? STALLED : slowness?.check(clock.now(), true);
    if (why) return void channel.destroy(new ChannelLost(`${channel.peer} ${why}`));
  }
}
