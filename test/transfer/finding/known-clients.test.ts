import { expect, test } from '@jest/globals';
import { losesFiles, remarkOn } from '../../../src/transfer/finding/known-clients.js';

const PSI = 'Psi asks its user about each file; what it sends comes at one block in 50 ms';
const PIDGIN = 'Pidgin may take 30 s to begin, and never says that it has the file';

test.each([
  ...[
    ['Psi', PSI],
    ['Psi 1.5', PSI],
    ['psi+', PSI],
  ],
  ...[
    ['Pidgin', PIDGIN],
    ['Finch', PIDGIN],
    ['libpurple', PIDGIN],
  ],
  [
    'Dino',
    'Dino (0.3 to 0.5.1, and in development in 2026-06) acknowledges all of a file that comes in the stream, and keeps nothing of it',
  ],
  [
    'Gajim',
    'Gajim 1.7 fails over any file that is offered to it; since 2.0 it takes none in the stream',
  ],
  [
    'Conversations',
    'Conversations prefers other ways to the stream; there its blocks have at most 8192 bytes',
  ],
  ['Tkabber', 'Tkabber asks its user about each file; what it sends comes at 1024 bytes in 2 s'],
] as [string, string][])('of %s it is known that %s', (client, remark) => {
  expect(remarkOn(client)).toBe(remark);
});

test.each(['', 'inband', 'Psion', 'Depsi', '\u0000'])('nothing is known of "%s"', (client) => {
  expect(remarkOn(client)).toBeUndefined();
});

test('Dino loses what it gets in the stream, and no other client that is known does (R75)', () => {
  expect(['Dino', 'dino', 'Dino 0.5.1'].map(losesFiles)).toEqual([true, true, true]);
  expect(['Psi', 'Gajim', 'Dinosaur', 'inband', ''].some(losesFiles)).toBe(false);
});
