import type { FileOffer } from '../../../protocol/file-offer.js';
import { withHints } from '../../../session/hints.js';
import { StanzaError } from '../../../session/stanza-error.js';
import { closedFirst } from '../closed-first.js';
import type { Accepted, Offer, Way } from '../way.js';
import type { Links } from './links.js';
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
    return { offer: offerLink(links) };
  },
};

/** A file lies on the own server, for whoever has the address, and nobody is told. */
export const offerUpload =
  (uploads: Uploads): Offer =>
  async (_recipient, file, { signal }) =>
    uploaded(uploads, file, signal, async () => undefined);

const offerLink =
  (links: Links): Offer =>
  async ({ peer }, file, { signal }) => {
    const tell = async (url: string, size: number, sha256: Buffer) => {
      const { name, mediaType, date } = file;
      await links
        .tell(peer, { url, name, size, mediaType, date, sha256 })
        .catch((error) => Promise.reject(whyNotTold(error, peer, url)));
    };
    return { ...(await uploaded(links.uploads, file, signal, tell)), leftFor: peer };
  };

/** The end of the session is no answer. */
function whyNotTold(error: Error, peer: string, url: string): Error {
  if (!(error instanceof StanzaError)) return error;
  return withHints(
    new LinkReturned(`the message with the link came back from ${peer} (${error.message})`),
    'is the address right?',
    `the file lies there all the same: ${url}`,
  );
}

/** `tell` is called when the server has all. */
async function uploaded(
  uploads: Uploads,
  file: FileOffer,
  signal: AbortSignal,
  tell: (url: string, size: number, sha256: Buffer) => Promise<void>,
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
