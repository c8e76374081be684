import { expect, test } from '@jest/globals';
import { hasVanished, isForgotten, isNobodyThere } from '../../src/protocol/conditions.js';
import { StanzaError } from '../../src/session/stanza-error.js';

test.each([
  ['recipient-unavailable', true, true, true],
  ['remote-server-not-found', true, true, true],
  ['remote-server-timeout', true, true, true],
  ['service-unavailable', true, true, false],
  ['gone', true, true, false],
  ['item-not-found', false, true, true],
  ['not-acceptable', false, false, false],
])('what %s says of a peer', (condition, nobody, forgotten, vanished) => {
  const error = new StanzaError('cancel', condition);
  const found = [isNobodyThere(error), isForgotten(error), hasVanished(error)];
  expect(found).toEqual([nobody, forgotten, vanished]);
});

test('what is no stanza error says nothing of a peer', () => {
  const error = Object.assign(new Error('gone'), { condition: 'gone' });
  expect([isNobodyThere(error), isForgotten(error), hasVanished(error)]).not.toContain(true);
});
