import { describe, expect, test } from '@jest/globals';
import { ChannelBroken, ChannelLost, ChannelOverrun } from '../../../src/protocol/channel.js';
import { JingleEnded } from '../../../src/protocol/jingle/session/jingle-ended.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { isPassing } from '../../../src/transfer/attempts/passing.js';
import {
  FileMismatch,
  RecipientRefused,
  whyNotAccepted,
} from '../../../src/transfer/recipient-errors.js';

describe('another attempt makes sense', () => {
  const ended = (condition: string) => new JingleEnded({ condition }, false);

  test.each([
    ['a bytestream that was lost', new ChannelLost('cut')],
    ['a recipient that is out of means for a while', new ChannelBroken(0, ended('busy'))],
    ['a recipient whose program ended', new ChannelBroken(0, ended('gone'))],
    // These were taken for a "no", however long the transfer had gone on before.
    ...['alternative-session', 'connectivity-error', 'failed-transport'].map(
      (condition): [string, Error] => [
        `an offer that ended with ${condition}`,
        whyNotAccepted(ended(condition), 'juliet@capulet.example/balcony'),
      ],
    ),
    [
      'a recipient that has had too many offers for now',
      whyNotAccepted(
        new StanzaError('wait', 'resource-constraint'),
        'juliet@capulet.example/balcony',
      ),
    ],
  ])('after %s', (_what, error) => {
    expect(isPassing(error)).toBe(true);
  });

  test.each([
    ['cancelled it', new ChannelBroken(0, ended('cancel'))],
    ['declined it in the middle', new ChannelBroken(0, ended('decline'))],
    ['refused it', new RecipientRefused('no')],
    ['sent more than was agreed on', new ChannelOverrun(0)],
    ['called a part the whole', new ChannelBroken(0, ended('success'))],
    [
      'got other bytes than were sent',
      new FileMismatch('altered', { cause: ended('media-error') }),
    ],
  ])('not after a recipient that %s', (_what, error) => {
    expect(isPassing(error)).toBe(false);
  });
});
