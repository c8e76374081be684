import { expect, test } from '@jest/globals';
import { ChannelBroken } from '../../src/protocol/channel.js';
import { JingleEnded } from '../../src/protocol/jingle/session/jingle-ended.js';
import { StanzaError } from '../../src/session/stanza-error.js';
import { whyNotReceived } from '../../src/transfer/reception-errors.js';

test.each<[string, boolean, string]>([
  ['cancel', false, 'its sender stopped, and may go on with it later'],
  ['failed-transport', false, 'its sender stopped (failed-transport), and may go on with it later'],
  ['alternative-session', false, 'its sender has begun anew'],
  ['cancel', true, 'cancel'],
])(
  'a file that was ended by %s, by us: %s, has not arrived for that reason',
  (condition, byUs, why) => {
    expect(whyNotReceived(new JingleEnded({ condition }, byUs))).toBe(why);
  },
);

test.each<[Error, string]>([
  [new Error('read ECONNRESET'), 'its sender stopped, and may go on with it later'],
  [
    new StanzaError('cancel', 'item-not-found'),
    'its sender stopped (item-not-found), and may go on with it later',
  ],
])('a file whose channel ends by %s reads as one whose session does (R1084)', (cause, why) => {
  expect(whyNotReceived(new ChannelBroken(0, cause))).toBe(why);
});
