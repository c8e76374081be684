import { expect, test } from '@jest/globals';
import { JingleEnded } from '../../src/protocol/jingle/session/jingle-ended.js';
import { whyNotReceived } from '../../src/transfer/reception-errors.js';

test.each<[string, boolean, string]>([
  ['cancel', false, 'its sender ended it (cancel), and may go on later'],
  ['alternative-session', false, 'its sender has begun anew'],
  ['cancel', true, 'cancel'],
])(
  'a file that was ended by %s, by us: %s, has not arrived for that reason',
  (condition, byUs, why) => {
    expect(whyNotReceived(new JingleEnded({ condition }, byUs))).toBe(why);
  },
);
