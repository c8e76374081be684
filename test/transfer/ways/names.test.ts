import { expect, test } from '@jest/globals';
import { readVia } from '../../../src/transfer/ways/names.js';

test.each([
  ['auto', { mayLeave: false }],
  ['auto,http', { mayLeave: true }],
  ['http', { ways: [], mayLeave: true }],
  ['jingle', { ways: ['jingle'], mayLeave: false }],
  ['si, jingle', { ways: ['si', 'jingle'], mayLeave: false }],
  ['ibb,http', { ways: ['ibb'], mayLeave: true }],
])('--via %s is what it says, in its order (R728)', (text, chosen) => {
  expect(readVia(text)).toEqual(chosen);
});

test.each([
  '',
  ',',
  'http,jingle',
  'http,auto',
  'auto,jingle',
  'jingle,jingle',
  'ftp',
  'HTTP',
  'http,http',
])('--via "%s" makes no sense (R728)', (text) => {
  expect(readVia(text)).toBeUndefined();
});
