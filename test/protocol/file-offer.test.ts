import { expect, test } from '@jest/globals';
import { knownDate } from '../../src/protocol/file-offer.js';
import { description, readDescription } from '../../src/protocol/jingle/file-description.js';
import { offer } from '../../src/protocol/si/stanzas.js';

const ABSURD = [Number.NaN, -8.64e15, 253_402_300_800_000, 8.64e15];

test.each(ABSURD)('a date of %d ms after 1970 is none of a file', (time) => {
  expect(knownDate(new Date(time))).toBeUndefined();
});

test.each([-14_159_025_000, 0, 1e12, 253_402_300_799_999])(
  'a date of %d ms after 1970 is',
  (time) => {
    expect(knownDate(new Date(time))).toEqual(new Date(time));
  },
);

test.each(ABSURD)('a file with a date of %d ms is offered without one (R81)', (time) => {
  const file = { name: 'a', size: 1, date: new Date(time) };
  expect(description(file).toString()).not.toContain('date');
  expect(offer('sid', file).toString()).not.toContain('date=');
});

test.each(['+275760-09-13T00:00:00Z', 'yesterday'])(
  'the date %s in an offer is left aside',
  (text) => {
    const element = description({ name: 'a', size: 1, date: new Date(0) });
    const date = element.getChild('file')?.getChild('date');
    date?.children.splice(0, 1, text);
    expect(readDescription(element).date).toBeUndefined();
  },
);
