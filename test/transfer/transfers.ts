import { createHash } from 'node:crypto';
import type { FileOffer } from '../../src/protocol/file-offer.js';
import type { StanzaMode } from '../../src/protocol/ibb/stanzas.js';
import type { JingleFileTransfers } from '../../src/protocol/jingle/jingle-file-transfers.js';
import { type ReceivedFile, receiveFile } from '../../src/transfer/receiving/receive-file.js';
import { describeSource } from '../../src/transfer/sending/describe-source.js';
import { type SentFile, sendFile } from '../../src/transfer/sending/send-file.js';
import type { Source } from '../../src/transfer/sources/source.js';
import { incomingByJingle, offerByJingle } from '../../src/transfer/ways/jingle.js';
import { JULIET } from '../support/linked-sessions.js';
import { MemoryInbox } from '../support/memory-inbox.js';

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A file of these bytes, which is read in chunks of 10. */
export const sourceOf = (bytes: Buffer, facts: Partial<Source> = {}): Source => ({
  name: 'letter.txt',
  size: bytes.length,
  read: async function* (offset) {
    for (let at = offset; at < bytes.length; at += 10) yield bytes.subarray(at, at + 10);
  },
  ...facts,
});

export interface SendOptions {
  signal?: AbortSignal;
  stanza?: StanzaMode;
  peer?: string;
  offer?: FileOffer;
  onProgress?: (bytes: number) => void;
}

/** Offers the source by Jingle, and sends it: as `inband send`. */
export async function send(
  transfers: JingleFileTransfers,
  source: Source,
  { signal = new AbortController().signal, peer = JULIET, ...options }: SendOptions = {},
): Promise<SentFile> {
  const offer = options.offer ?? (await describeSource(source, signal));
  const { stanza = 'iq', onProgress = () => undefined } = options;
  const accepted = await offerByJingle(transfers)({ peer, ways: [] }, offer, { signal, stanza });
  return sendFile(accepted, source, offer, { signal, onProgress, onRead: () => undefined });
}

export const QUIET = { onStart: () => undefined, onProgress: () => undefined };

/** Takes the next file into an inbox: as `inband receive`. */
export function receive(transfers: JingleFileTransfers, inbox = new MemoryInbox()) {
  const received = new Promise<ReceivedFile>((resolve, reject) => {
    transfers.onOffer = (file) =>
      receiveFile(incomingByJingle(file), inbox, QUIET).then(resolve, reject);
  });
  received.catch(() => undefined); // each test says what becomes of it
  return { inbox, received };
}

/** What comes of a file, whatever blocks it went in. */
export const withoutBlocks = ({ blockSize, window, ...said }: SentFile) => said;
