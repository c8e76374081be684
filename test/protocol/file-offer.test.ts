import { expect, test } from '@jest/globals';
import { knownDate } from '../../src/protocol/file-offer.js';
import { description, readDescription } from '../../src/protocol/jingle/file-description.js';
import { offer, readOffer } from '../../src/protocol/si/stanzas.js';

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

/** What is made of a date that is offered by Jingle and by SI. */
function datesOf(text: string): (Date | undefined)[] {
  const jingle = description({ name: 'a', size: 1, date: new Date(0) });
  jingle.getChild('file')?.getChild('date')?.children.splice(0, 1, text);
  const si = offer('sid', { name: 'a', size: 1 });
  const file = si.getChild('file');
  if (file) file.attrs.date = text;
  return [readDescription(jingle).date, readOffer(si).file.date];
}

test.each([
  ['2001-02-03T04:05:06Z', '2001-02-03T04:05:06.000Z'],
  ['2001-02-03T04:05:06.789Z', '2001-02-03T04:05:06.789Z'],
  ['2001-02-03T04:05:06.789123456Z', '2001-02-03T04:05:06.789Z'],
  ['2001-02-03T04:05:06-05:30', '2001-02-03T09:35:06.000Z'],
  ['2024-02-29T23:59:59+00:00', '2024-02-29T23:59:59.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
])('the date %s in an offer is %s, by Jingle and by SI (R72)', (text, read) => {
  expect(datesOf(text)).toEqual([new Date(read), new Date(read)]);
});

test.each([
  ...[
    '',
    ' ',
    'yesterday',
    '0',
    '1e12',
    '2001',
    '2001-02-03',
    '2001-02-03T04:05:06',
    '2001-02-03T04:05Z',
  ],
  ...['Sat, 03 Feb 2001 04:05:06 GMT', 'Feb 3 2001', '20010203T04:05:06', '2001-02-03 04:05:06Z'],
  ...[
    '2001-13-01T00:00:00Z',
    '2001-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2001-00-10T00:00:00Z',
  ],
  ...[
    '2001-02-03T25:00:00Z',
    '2001-02-03T04:60:00Z',
    '2001-02-03T04:05:61Z',
    '2001-02-03T04:05:06+99:99',
  ],
  ...[
    '0000-12-31T00:00:00Z',
    '-0001-01-01T00:00:00Z',
    '+275760-09-13T00:00:00Z',
    '10000-01-01T00:00:00Z',
  ],
  `2001-02-03T04:05:06.${'7'.repeat(100)}Z`,
  `2001-02-03T04:05:06Z${' '.repeat(100_000)}`,
])('the date %j in an offer is left aside, by Jingle and by SI (R72)', (text) => {
  expect(datesOf(text)).toEqual([undefined, undefined]);
});
