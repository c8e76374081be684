import { describe, expect, test } from '@jest/globals';
import * as channels from '../../../src/protocol/channel.js';
import { JingleEnded } from '../../../src/protocol/jingle/session/jingle-ended.js';
import { isPassing } from '../../../src/transfer/attempts/passing.js';
import { whyBrokenOff } from '../../../src/transfer/recipient-errors.js';
import { reasonBefore, reasonOf } from '../../../src/transfer/ways/not-kept.js';
import { JULIET } from '../../support/linked-sessions.js';

type Kind = new (...args: never[]) => Error;

/** All that may end a channel, with no more of it than its class. */
const KINDS = Object.values(channels).map((kind: Kind): [string, Error] => [
  kind.name,
  Object.assign(Object.create(kind.prototype), { message: 'it is over' }),
]);

describe.each(KINDS)('a recipient whose channel ended with %s', (_name, error) => {
  test('says so, and not that its disk has failed (R820)', () => {
    expect(reasonOf(error)).toEqual({ condition: 'failed-transport' });
    expect(reasonBefore(error)).toEqual({ condition: 'failed-transport' });
  });

  test.each([true, false])('is sent the file again (sealed: %p) (R820)', (isSealed) => {
    const heard = new JingleEnded(reasonOf(error), false);
    const channel = { peer: JULIET } as channels.Channel;
    expect(isPassing(whyBrokenOff(heard, { channel, isSealed }))).toBe(true);
  });
});

test('what is known of nothing else is of the disk, and no reason to send it again at once', () => {
  const heard = new JingleEnded(reasonOf(new Error('EIO')), false);
  expect(heard.reason).toEqual({
    condition: 'failed-application',
    text: 'it cannot be stored here at the moment',
  });
  expect(isPassing(whyBrokenOff(heard, { channel: { peer: JULIET } as channels.Channel }))).toBe(
    false,
  );
});
