import { expect, test } from '@jest/globals';
import { remarkOn } from '../../src/transfer/known-clients.js';

test.each([
  ...['Psi', 'Psi 1.5', 'psi+', 'Pidgin', 'Finch', 'libpurple'],
  ...['Dino', 'Gajim', 'Conversations', 'Tkabber'],
])('something is known of %s', (client) => {
  expect(remarkOn(client)).toContain(' ');
});

test.each(['', 'inband', 'Psion', 'Depsi', '\u0000'])('nothing is known of "%s"', (client) => {
  expect(remarkOn(client)).toBeUndefined();
});
