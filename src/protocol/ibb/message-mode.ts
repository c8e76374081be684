import { NS_PING } from '../../session/ping.js';
import type { Session } from '../../session/session.js';
import { StanzaError } from '../../session/stanza-error.js';
import type { Element } from '../../session/xml.js';
import { ChannelBroken } from '../channel.js';
import { NS_DELAY } from '../messages/marks.js';
import type { OpenStreams } from './opening/open-streams.js';
import * as stanzas from './stanzas.js';

/** Takes what comes in messages (XEP-0047 §4). Undo: the functions returned. */
export function receiveMessages(session: Session, streams: OpenStreams): (() => void)[] {
  let hasResumed = false;
  let pings = 0;
  return [
    session.onState((state) => {
      hasResumed ||= state === 'resuming';
    }),
    session.onMessage((message) => {
      // Servers mark as delayed, too, what they deliver again after a resumption.
      const isStored = !hasResumed && message.getChild('delay', NS_DELAY) !== undefined;
      receiveMessage(message, streams, isStored);
    }),
    session.handle('get', NS_PING, 'ping', async (_ping, { from }) => {
      if (pings >= MAX_WAITING_PINGS) throw new StanzaError('wait', 'resource-constraint');
      pings += 1;
      await answerPing(from, streams).finally(() => {
        pings -= 1;
      });
      return undefined;
    }),
  ];
}

/** Nothing is ever answered; what is wrong ends the bytestream it is for, if there is one. */
function receiveMessage(message: Element, streams: OpenStreams, isStored: boolean): void {
  const { from: peer = '', type, id = '' } = message.attrs;
  if (type === 'error') return streams.bounced(peer, id, message);
  const element = message.getChild('data', stanzas.NS_IBB);
  const stream = element && streams.get(peer, element.attrs.sid ?? '');
  // A message that was stored, or sent to a room, was not sent to this bytestream.
  if (!stream || type === 'groupchat' || isStored) return;
  try {
    // Nothing is acknowledged, so it does not matter when; a failure is the bytestream's own.
    stream.receiveData(stanzas.readData(element)).catch(() => undefined);
  } catch (error) {
    stream.destroy(new ChannelBroken(0, error as Error));
  }
}

/** Pings that may wait for a reader at a time; a peer needs one for each run of blocks. */
const MAX_WAITING_PINGS = 256;

/** Answers behind all that the peer has sent in messages, so that it learns how far the reader is. */
async function answerPing(peer: string, streams: OpenStreams): Promise<void> {
  const ofPeer = streams.all.filter((stream) => stream.peer === peer);
  await Promise.allSettled(ofPeer.map((stream) => stream.stanza === 'message' && stream.settled));
}
