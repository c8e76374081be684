import { expect, test } from '@jest/globals';
import { jingleFeatures, takesJingleFiles } from '../../../src/protocol/jingle/features.js';
import { NS_FILE_TRANSFER } from '../../../src/protocol/jingle/file-description.js';
import { NS_JINGLE } from '../../../src/protocol/jingle/stanzas.js';

const FILES = [NS_JINGLE, NS_FILE_TRANSFER];
const ONE = { xmlns: 'urn:example:one', features: ['urn:example:one'] };
const OTHER = { xmlns: 'urn:example:other', features: ['urn:example:other', 'urn:example:more'] };

test('those who take files advertise each of their transports (R280)', () => {
  expect(jingleFeatures([ONE, OTHER])).toEqual([...FILES, ...ONE.features, ...OTHER.features]);
});

test.each([
  ['one of the transports', [...FILES, ...ONE.features], true],
  ['the other', [...FILES, ...OTHER.features, 'urn:example:unknown'], true],
  ['part of a transport', [...FILES, 'urn:example:more'], false],
  ['no transport', FILES, false],
  ['transports, and no files', [NS_JINGLE, ...ONE.features, ...OTHER.features], false],
])('whether a client takes files over %s is seen (R280)', (_what, advertised, outcome) => {
  expect(takesJingleFiles(new Set(advertised), [ONE, OTHER])).toBe(outcome);
});
