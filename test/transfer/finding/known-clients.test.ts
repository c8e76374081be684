import { expect, test } from '@jest/globals';
import { losesFiles, remarkOn } from '../../../src/transfer/finding/known-clients.js';

test.each([
  ...['Psi', 'Psi 1.5', 'psi+', 'Pidgin', 'Finch', 'libpurple'],
  ...['Dino', 'Gajim', 'Conversations', 'Tkabber'],
])('something is known of %s', (client) => {
  expect(remarkOn(client)).toContain(' ');
});

test.each(['', 'inband', 'Psion', 'Depsi', '\u0000'])('nothing is known of "%s"', (client) => {
  expect(remarkOn(client)).toBeUndefined();
});

test('Dino loses what it gets in the stream, and no other client that is known does (R75)', () => {
  expect(['Dino', 'dino', 'Dino 0.5.1'].map(losesFiles)).toEqual([true, true, true]);
  expect(['Psi', 'Gajim', 'Dinosaur', 'inband', ''].some(losesFiles)).toBe(false);
});
