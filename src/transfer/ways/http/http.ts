import { ChannelLost } from '../../../protocol/channel.js';
import type { FileOffer } from '../../../protocol/file-offer.js';
import {
  FIND_MOST_MS,
  SLOT_MS,
  type UploadService,
} from '../../../protocol/http-upload/upload-service.js';
import { withHints } from '../../../session/hints.js';
import { StanzaError } from '../../../session/stanza-error.js';
import { closedFirst } from '../closed-first.js';
import type { Accepted, Offer, OpenWay, Wait, Way } from '../way.js';
import type { Links } from './links.js';
import { Unsent } from './unsent.js';
import type { Uploads } from './uploads.js';

/** Nobody is there to keep a message for: another upload would not mend it. */
export class LinkReturned extends Error {
  override readonly name = 'LinkReturned';
}

/** A file is left on the own server (XEP-0363), and its recipient told where, online or not. */
export const http: Way = {
  name: 'http',
  features: [],
  isTakenBy: () => false,
  isTakenBeside: () => false,
  isAdvertised: false,
  reaches: 'account',
  announces: true,
  isAnsweredAtOnce: true,
  keepsParts: false,
  hashes: [],
  open: ({ links }) => {
    if (!links) throw new RangeError('no links');
    return { offer: offerLink(links), wait: placeFrom('your server', FIND_MOST_MS) };
  },
};

/** `before`: milliseconds until it is asked, at most. */
const placeFrom = (whom: string, before: number): Wait => ({
  what: `${whom} to say where the file goes`,
  most: before + SLOT_MS,
});

/** A file lies on the own server, for whoever has the address, and nobody is told. `service`: the one that takes it. */
export const uploadTo = (uploads: Uploads, service: string): OpenWay => ({
  offer: (_recipient, file, { signal }) => uploaded(uploads, file, signal, async () => undefined),
  wait: placeFrom(service, 0),
});

const offerLink =
  (links: Links): Offer =>
  async ({ peer }, file, { signal }) => {
    const tell = async (url: string, size: number, sha256: Buffer) => {
      const { name, mediaType, date } = file;
      links.untold.set(file, { url, sha256 });
      await links
        .tell(peer, { url, name, size, mediaType, date, sha256 })
        .catch((error) => Promise.reject(whyNotTold(error, peer, url)));
    };
    const left = links.untold.get(file);
    links.untold.delete(file);
    const accepted = left
      ? lying(await links.uploads.find(signal), left, tell)
      : await uploaded(links.uploads, file, signal, tell);
    return { ...accepted, leftFor: peer };
  };

/** A file that lies there since the attempt before: it is read again, and goes nowhere. */
function lying(
  { jid }: UploadService,
  left: { url: string; sha256: Buffer },
  tell: Tell,
): Accepted {
  const channel = new Unsent(jid);
  let isSame = false;
  return {
    ...{ way: http, channel, range: { offset: 0 } },
    sendHashes: async (hashes) => {
      isSame = hashes.get('sha-256')?.equals(left.sha256) ?? false;
    },
    confirmed: async () => {
      if (!isSame) throw new ChannelLost('the file has changed since it was uploaded');
      await tell(left.url, channel.bytesSent, left.sha256);
      return { url: left.url };
    },
    cancel: async () => void channel.destroy(),
  };
}

/** The end of the session is no answer. */
function whyNotTold(error: Error, peer: string, url: string): Error {
  if (!(error instanceof StanzaError)) return error;
  return withHints(
    new LinkReturned(`the message with the link came back from ${peer} (${error.message})`),
    'is the address right?',
    `the file lies there all the same: ${url}`,
  );
}

type Tell = (url: string, size: number, sha256: Buffer) => Promise<void>;

/** `tell` is called when the server has all. */
async function uploaded(
  uploads: Uploads,
  file: FileOffer,
  signal: AbortSignal,
  tell: Tell,
): Promise<Accepted> {
  const { put, url } = await uploads.begin(file, signal);
  let sha256: Buffer = Buffer.alloc(0);
  return {
    ...{ way: http, channel: put, range: { offset: 0 } },
    sendHashes: async (hashes) => {
      sha256 = hashes.get('sha-256') ?? sha256;
    },
    confirmed: async () => {
      if (!put.writableFinished) throw closedFirst(put);
      await tell(url, put.bytesSent, sha256);
      return { url };
    },
    cancel: async () => void put.destroy(),
  };
}
