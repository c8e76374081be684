import { describe, expect, test } from '@jest/globals';
import { StanzaError } from '../../src/session/stanza-error.js';
import { xml } from '../../src/session/xml.js';
import { meaningOfError, meaningOfReason } from '../../src/transfer/answers.js';

describe('a Jingle session that ends before it was accepted', () => {
  test.each([
    ...['decline', 'cancel'].map((condition) => [condition, 'unwanted']),
    ...['failed-application', 'failed-transport', 'general-error', 'connectivity-error'].map(
      (condition) => [condition, 'impossible'],
    ),
    ...['incompatible-parameters', 'media-error', 'security-error'].map((condition) => [
      condition,
      'impossible',
    ]),
    ...['unsupported-applications', 'unsupported-transports'].map((condition) => [
      condition,
      'impossible',
    ]),
    ...['gone', 'expired', 'timeout'].map((condition) => [condition, 'absent']),
    ...['busy', 'alternative-session'].map((condition) => [condition, 'passing']),
    ...['no-such-reason', 'constructor'].map((condition) => [condition, 'unwanted']),
  ])('for %s: %s (R73)', (condition = '', meaning) => {
    expect(meaningOfReason({ condition })).toBe(meaning);
  });

  test('because of the file is unwanted, whatever the reason beside it', () => {
    const specific = xml('file-too-large', {
      xmlns: 'urn:xmpp:jingle:apps:file-transfer:errors:0',
    });
    expect(meaningOfReason({ condition: 'media-error', specific })).toBe('unwanted');
    expect(meaningOfReason({ condition: 'failed-application', specific })).toBe('unwanted');
  });
});

describe('an error that answers an offer', () => {
  test.each([
    ...['forbidden', 'not-acceptable', 'not-allowed'].map((condition) => [condition, 'unwanted']),
    ...['feature-not-implemented', 'bad-request', 'internal-server-error'].map((condition) => [
      condition,
      'impossible',
    ]),
    ...['service-unavailable', 'recipient-unavailable', 'item-not-found', 'gone'].map(
      (condition) => [condition, 'absent'],
    ),
    ...['undefined-condition', 'constructor'].map((condition) => [condition, 'absent']),
  ])('of %s: %s (R73)', (condition = '', meaning) => {
    expect(meaningOfError(new StanzaError('cancel', condition))).toBe(meaning);
  });

  test.each([
    ['resource-constraint', 'passing'],
    ['not-acceptable', 'passing'],
    ['recipient-unavailable', 'absent'],
    ['remote-server-timeout', 'absent'],
  ])('of %s, to be tried again later: %s', (condition, meaning) => {
    expect(meaningOfError(new StanzaError('wait', condition))).toBe(meaning);
  });

  test.each(['bad-profile', 'no-valid-streams'])('of SI, %s: impossible (R73)', (name) => {
    const specific = { name, xmlns: 'http://jabber.org/protocol/si' };
    expect(meaningOfError(new StanzaError('cancel', 'not-acceptable', '', specific))).toBe(
      'impossible',
    );
  });
});
