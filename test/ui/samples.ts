import type { Event } from '../../src/transfer/events.js';

const id = 7;
const peer = 'bob@example.org/inband';
const name = 'photo.jpg';
const size = 5_000_000;
const sha256 = '9f86d081';
const cid = 'sha1+8f35@bob.xmpp.org';

/** An event of each kind. */
export const samples = {
  online: { event: 'state', state: 'online', jid: 'alice@example.org/a1' },
  resuming: { event: 'state', state: 'resuming', jid: 'alice@example.org/a1' },
  offline: { event: 'state', state: 'offline', jid: 'alice@example.org/a1' },
  offerOut: { event: 'offer', id, peer, name, size },
  startIn: { event: 'start', id, peer, name, size, incoming: true },
  startOut: { event: 'start', id, peer, name, size },
  progress: { event: 'progress', id, peer, name, bytes: 2_500_000, size },
  resumed: { event: 'resumed', id, peer, name, offset: 1_000_000 },
  begunAnew: { event: 'resumed', id, peer, name, offset: 0 },
  received: { event: 'done', id, peer, name, size, sha256, path: '/inbox/photo.jpg' },
  fetchedLink: {
    ...{ event: 'done', id, peer, name, size, sha256, path: '/inbox/photo.jpg' },
    unverified: true,
  },
  sent: { event: 'done', id, peer, name, size, sha256 },
  delivered: { event: 'done', id, peer, name, size, sha256, unverified: true },
  succeeded: { event: 'done', id, peer, name, size, sha256, unverified: true, success: true },
  isThere: { event: 'already-there', id, peer, name, size, sha256 },
  wasThere: {
    ...{ event: 'already-there', id, peer, name, size, sha256 },
    ...{ path: '/inbox/photo.jpg', incoming: true },
  },
  uploaded: { event: 'uploaded', id, peer, name, size, sha256, url: 'https://example.org/a' },
  left: { event: 'left', id, peer, name, size, sha256, url: 'https://example.org/a' },
  failed: { event: 'failed', error: 'bob refused', exitCode: 6, id, peer, name },
  fetched: { event: 'blob', cid, type: 'image/png', size: 2_000, peer, path: '/here/blob.png' },
  probed: {
    ...{ event: 'resource', peer, client: 'Psi', version: '1.5', ways: ['jingle', 'si'] },
    ...{ roundTripMs: 31, via: 'jingle', why: 'it is the one named', remark: 'Psi is slow' },
  },
  refusing: {
    ...{ event: 'resource', peer, ways: ['jingle'], trust: 'CHANGED' },
    refused: 'bob@example.org has another key than before: abc234',
  },
  uploads: { event: 'uploads', peer: 'upload.example.org', isTaken: true, maxSize: 6_000_000 },
  noUploads: { event: 'uploads', peer: 'example.org', isTaken: false },
  published: { event: 'blob', cid, type: 'image/png', size: 2_000 },
  key: { event: 'key', jid: 'alice@example.org', key: 'abc234', uri: 'xmpp:alice@example.org' },
  trusted: {
    ...{ event: 'trust', peer: 'bob@example.org', key: 'abc234', trust: 'known' },
    ...{ label: 'laptop', since: '2026-01-02T03:04:05.000Z' },
  },
  warning: { event: 'warning', text: 'bob is busy' },
  notice: { event: 'notice', text: 'bob is still not there' },
  skipped: { event: 'skipped', text: 'no more were tried', first: 1 },
  note: { event: 'note', text: 'found a server' },
  pending: { event: 'pending', text: 'connecting', until: Promise.resolve() },
} satisfies Record<string, Event>;

/** An event of each kind whose every text is this one. */
export function eventsSaying(text: string): Event[] {
  return Object.values(samples).map((event: Event) => {
    const fields = Object.entries(event).map(([key, value]) => {
      const fixed = key === 'event' || key === 'state' || typeof value !== 'string';
      return [key, fixed ? value : text];
    });
    return Object.fromEntries(fields) as Event;
  });
}
