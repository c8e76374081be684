import { expect, test } from '@jest/globals';
import { resultOf, sentenceOf } from '../../src/ui/lines.js';
import { samples } from './samples.js';

test.each([
  ['online', 'online as alice@example.org/a1'],
  ['resuming', 'connection lost, resuming'],
  ['offline', undefined],
  ['offerOut', 'offering photo.jpg to bob@example.org/inband (5 MB)'],
  ['startIn', 'receiving photo.jpg from bob@example.org/inband (5 MB)'],
  ['startOut', 'sending photo.jpg to bob@example.org/inband (5 MB)'],
  ['progress', undefined],
  ['resumed', 'resuming photo.jpg at 1 MB, with bob@example.org/inband'],
  ['begunAnew', 'trying photo.jpg again, with bob@example.org/inband'],
  ['received', 'received photo.jpg from bob@example.org/inband (5 MB)'],
  [
    'fetchedLink',
    'received photo.jpg from bob@example.org/inband (5 MB), not verified: its sender told no hash',
  ],
  ['sent', 'sent photo.jpg to bob@example.org/inband (5 MB)'],
  ['delivered', 'delivered, not verified: photo.jpg to bob@example.org/inband (5 MB)'],
  [
    'succeeded',
    'delivered, not verified: photo.jpg to bob@example.org/inband (5 MB); its client says that it has the file, but not that it compared the hash',
  ],
  ['isThere', 'already there: photo.jpg at bob@example.org/inband'],
  ['wasThere', 'already there: photo.jpg from bob@example.org/inband'],
  ['uploaded', 'uploaded photo.jpg to bob@example.org/inband (5 MB, sha-256 9f86d081)'],
  [
    'left',
    'left for bob@example.org/inband (a link, as long as the server keeps it), not verified: photo.jpg (5 MB, sha-256 9f86d081)',
  ],
  ['failed', 'inband: bob refused'],
  ['fetched', 'fetched sha1+8f35@bob.xmpp.org from bob@example.org/inband (image/png, 2 kB)'],
  ['published', 'published sha1+8f35@bob.xmpp.org (image/png, 2 kB)'],
  [
    'uploads',
    'upload.example.org takes uploads of up to 6 MB: send --via auto,http leaves a file there, not encrypted, with a link',
  ],
  [
    'refusing',
    'send refuses bob@example.org/inband: bob@example.org has another key than before: abc234',
  ],
  ['noUploads', 'example.org takes no uploads (XEP-0363): nothing can be left there'],
  ['key', undefined],
  ['trusted', 'trusted: abc234 of bob@example.org (laptop)'],
  ['warning', 'warning: bob is busy'],
  ['notice', 'bob is still not there'],
  ['skipped', 'warning: no more were tried'],
  ['note', 'found a server'],
  ['pending', 'connecting'],
] as const)('tells of %s: %s', (kind, sentence) => {
  expect(sentenceOf(samples[kind])).toBe(sentence);
});

test('tells with --verbose where a file was left (R1346)', () => {
  const sentence = sentenceOf(samples.left, true);
  expect(sentence).toBe(`${sentenceOf(samples.left)}, at https://example.org/a`);
});

test('says of a folder that it is one, and no hash (R777)', () => {
  const folder = { name: 'photos/empty/', isFolder: true } as const;
  expect(sentenceOf({ ...samples.sent, ...folder })).toBe(
    'sent photos/empty/ to bob@example.org/inband (a folder)',
  );
  expect(sentenceOf({ ...samples.startOut, ...folder })).toBe(
    'sending photos/empty/ to bob@example.org/inband (a folder)',
  );
});

test('takes a file for a folder by no slash in its name (R1163)', () => {
  expect(sentenceOf({ ...samples.startIn, name: 'odd/' })).toBe(
    'receiving odd/ from bob@example.org/inband (5 MB)',
  );
});

test('says of what went in the clear that it did (R1165)', () => {
  expect(sentenceOf({ ...samples.sent, encrypted: false })).toBe(
    'sent photo.jpg to bob@example.org/inband (5 MB, not encrypted)',
  );
  expect(sentenceOf({ ...samples.received, lane: 'direct', encrypted: false })).toBe(
    'received photo.jpg from bob@example.org/inband (5 MB, directly, not encrypted)',
  );
  expect(sentenceOf({ ...samples.sent, encrypted: true })).not.toContain('encrypted');
});

test.each([
  ['.config', '/inbox/config', ', here config'],
  ['photo.jpg', '/inbox/photo (1).jpg', ', here photo (1).jpg'],
  ['a/.git/head', '/inbox/a/git/head', ', here a/git/head'],
  ['a/b', '/inbox/a/b', ''],
])(
  'tells under which name %s has come to %s, where it is another one (R1166)',
  (name, path, told) => {
    expect(sentenceOf({ ...samples.received, name, path })).toBe(
      `received ${name} from bob@example.org/inband (5 MB)${told}`,
    );
  },
);

test('tells so of a folder, too (R1166)', () => {
  const folder = { event: 'folder', id: 1, peer: 'bob@example.org', name: '.git/' } as const;
  expect(sentenceOf({ ...folder, path: '/inbox/git' })).toBe(
    'received .git/ from bob@example.org (a folder), here git',
  );
});

test('says "sent" only of what the recipient has verified (R70)', () => {
  const sent = Object.entries(samples).filter(([, event]) =>
    /\bsent\b/.test(sentenceOf(event) ?? ''),
  );
  expect(sent.map(([kind]) => kind)).toEqual(['sent']);
});

test('tells of the ways beside the stream, the best first', () => {
  expect(sentenceOf({ ...samples.probed, lanes: ['direct', 'theirs', 'proxy.example.org'] })).toBe(
    'send offers it to bob@example.org/inband by jingle: it is the one named; encrypted, its bytes go directly, or by a proxy of its server, if there is one, or by proxy.example.org, else in-band (Psi is slow)',
  );
});

test('tells why there is none (R1095)', () => {
  const inBand = 'your server tells of no proxy';
  expect(sentenceOf({ ...samples.probed, inBand })).toBe(
    'send offers it to bob@example.org/inband by jingle: it is the one named; encrypted, its bytes go in-band: your server tells of no proxy (Psi is slow)',
  );
});

test('tells of a key that is trusted no longer', () => {
  expect(sentenceOf({ ...samples.trusted, trust: 'removed' })).toBe(
    'no longer trusted: abc234 of bob@example.org (laptop)',
  );
});

test('leaves a size out that nobody named', () => {
  const event = {
    event: 'start',
    id: 1,
    peer: 'bob@example.org',
    name: 'log',
    incoming: true,
  } as const;
  expect(sentenceOf(event)).toBe('receiving log from bob@example.org');
});

test('takes the path of a file that was written, else the cid, as the result', () => {
  const results = Object.entries(samples).map(([kind, event]) => [kind, resultOf(event)]);
  expect(results.filter(([, result]) => result !== undefined)).toEqual([
    ['received', '/inbox/photo.jpg'],
    ['fetchedLink', '/inbox/photo.jpg'],
    ['uploaded', 'https://example.org/a'],
    ['fetched', '/here/blob.png'],
    ['published', 'sha1+8f35@bob.xmpp.org'],
    ['key', 'abc234'],
  ]);
});

test('nothing is resumed where nothing has arrived (R1236)', () => {
  expect(sentenceOf(samples.begunAnew)).toBe('trying photo.jpg again, with bob@example.org/inband');
});
