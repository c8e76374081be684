import { closedFirst } from '../closed-first.js';
import type { Offer, Way } from '../way.js';
import type { Uploads } from './uploads.js';

/** A file lies on the own server (XEP-0363), for whoever is told where. */
export function uploadWay(uploads: Uploads): { way: Way; offer: Offer } {
  const offer: Offer = async (_recipient, file, { signal }) => {
    const { put, url } = await uploads.begin(file, signal);
    return {
      ...{ way, channel: put, range: { offset: 0 } },
      confirmed: async () => {
        if (!put.writableFinished) throw closedFirst(put);
        return { url };
      },
      cancel: async () => void put.destroy(),
    };
  };
  const way: Way = {
    name: 'http',
    features: [],
    isTakenBy: () => false,
    isAdvertised: false,
    reaches: 'account',
    announces: true,
    isProposed: false,
    isAnsweredAtOnce: true,
    keepsParts: false,
    tellsFolders: false,
    seals: false,
    comparesHash: false,
    hashes: [],
    open: () => ({ offer }),
  };
  return { way, offer };
}
