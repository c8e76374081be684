import { describe, expect, test } from '@jest/globals';
import { type Channel, ChannelBroken, CloseUnconfirmed } from '../../src/protocol/channel.js';
import { JingleEnded } from '../../src/protocol/jingle/session/jingle-ended.js';
import { OfferUnanswered } from '../../src/protocol/jingle/why-not-sent.js';
import { ownHints } from '../../src/session/hints.js';
import { RequestTimeout } from '../../src/session/requests.js';
import { StanzaError } from '../../src/session/stanza-error.js';
import { xml } from '../../src/session/xml.js';
import {
  FileMismatch,
  keyUntold,
  whyBrokenOff,
  whyNotAccepted,
} from '../../src/transfer/recipient-errors.js';
import { JULIET } from '../support/linked-sessions.js';

const ended = (condition: string, specific?: string) =>
  new JingleEnded({ condition, ...(specific ? { specific: xml(specific) } : {}) }, false);
const refused = (condition: string) => new StanzaError('cancel', condition);
const REFUSED = refused('unexpected-request');

describe('what was not accepted', () => {
  test.each([
    [ended('decline'), 'RecipientRefused', 'refused the file (decline)'],
    [ended('busy'), 'RecipientBusy', 'is busy (busy)'],
    [ended('alternative-session'), 'RecipientBusy', 'is busy'],
    [new StanzaError('wait', 'resource-constraint'), 'RecipientBusy', 'is busy'],
    [
      ended('media-error', 'file-too-large'),
      'RecipientRefused',
      'cannot take the file: too large, or the disk is full',
    ],
    [ended('unsupported-applications'), 'WayRefused', 'takes no files like this'],
    [ended('unsupported-transports'), 'WayRefused', 'takes no files like this'],
    [ended('gone'), 'RecipientUnreachable', 'not there any more'],
    [ended('timeout'), 'RecipientUnreachable', 'not there any more'],
    [new OfferUnanswered('no word'), 'RecipientUnreachable', 'no word'],
    [new RequestTimeout('no answer'), 'RecipientUnreachable', 'does not answer'],
    [refused('remote-server-not-found'), 'RecipientUnreachable', 'your server cannot reach'],
    [refused('not-acceptable'), 'RecipientRefused', 'not-acceptable'],
    [refused('resource-constraint'), 'RecipientRefused', 'resource-constraint'],
    [refused('service-unavailable'), 'RecipientUnreachable', 'took the file'],
  ])('by %s: %s', (error, name, message) => {
    const why = whyNotAccepted(error, JULIET);
    expect(why.constructor.name).toBe(name);
    expect(why.message).toContain(message);
    expect(why.cause).toBe(error);
  });

  test.each<[Error, ...string[]]>([
    [ended('decline'), 'ask its owner, or try later'],
    [ended('busy'), 'try later'],
    [new OfferUnanswered('no word'), 'people may need longer: --accept-timeout 30m'],
    [new RequestTimeout('no answer'), 'is "inband receive" running there?'],
  ])('by %s is told with what can be done', (error, ...hints) => {
    expect(ownHints(whyNotAccepted(error, JULIET))).toEqual(hints);
  });

  test('for another reason is told as it is', () => {
    const error = new Error('interrupted');
    expect(whyNotAccepted(error, JULIET)).toBe(error);
  });
});

describe('what was broken off', () => {
  const plain = { channel: { peer: JULIET } as Channel };
  const sealed = { ...plain, isSealed: true };

  test.each<[Error, string, Error]>([
    [ended('general-error'), 'it broke off before', ended('general-error')],
    [ended('security-error'), 'is not what was sent, or not all of it', ended('security-error')],
    [new ChannelBroken(7, REFUSED), 'confirmed the file (unexpected-request)', REFUSED],
  ])(
    'while it was sealed, by %s, is told with what can be done (R648)',
    (error, message, cause) => {
      const why = whyBrokenOff(error, sealed);
      expect(why).toBeInstanceOf(ChannelBroken);
      expect(why.message).toContain(message);
      expect(why.message).toContain(JULIET);
      expect(why.cause).toEqual(cause);
      expect(ownHints(why)).toEqual([
        'send it again: it goes on from there',
        'where it ends so each time, somebody in between changes what is sent',
      ]);
    },
  );

  test('while it was sealed, and was told inside why, is told as that (R648)', () => {
    expect(whyBrokenOff(ended('media-error'), sealed)).toBeInstanceOf(FileMismatch);
    const unconfirmed = new CloseUnconfirmed(REFUSED);
    expect(whyBrokenOff(unconfirmed, sealed)).toBe(unconfirmed);
  });

  test.each([
    [
      ended('media-error'),
      'FileMismatch',
      'got other bytes than were sent (media-error); nothing of them was kept',
    ],
    [
      ended('media-error', 'file-too-large'),
      'RecipientRefused',
      'could not keep the file: too large, or the disk is full',
    ],
    [
      ended('failed-application'),
      'RecipientRefused',
      'could not keep the file (failed-application)',
    ],
    [ended('failed-transport'), 'ChannelBroken', 'failed-transport'],
    [ended('cancel'), 'ChannelBroken', 'cancel'],
  ])('by %s: %s', (error, name, message) => {
    const why = whyBrokenOff(error, plain);
    expect(why.constructor.name).toBe(name);
    expect(why.message).toContain(message);
    expect(why.cause).toBe(error);
  });

  test('before it began, for want of a key, is told with what can be done', () => {
    const untold = keyUntold(JULIET, new Error('no answer'));
    expect(untold.message).toBe(`${JULIET} did not tell its key, so that nothing was sent`);
    expect(ownHints(untold)).toEqual([
      'is "inband receive" running there?',
      '--encrypt off sends in the clear',
    ]);
  });

  test('in the middle is told with how much was to come', () => {
    expect(new ChannelBroken(7, REFUSED).message).toBe(
      'the other side broke it off before the last 7 bytes (unexpected-request)',
    );
  });

  test('by ourselves, or otherwise, is told as it is', () => {
    for (const error of [new JingleEnded({ condition: 'cancel' }, true), new Error('cut')]) {
      for (const how of [plain, sealed]) expect(whyBrokenOff(error, how)).toBe(error);
    }
  });
});
