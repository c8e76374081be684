/** What has hurt before, as it is sent: shorter than the 256 KiB that servers take, and longer once it is delivered or answered. */

/** For attributes in double quotes, and for texts. */
export const TEXTS = {
  apostrophes: "'".repeat(46_000),
  angles: '>'.repeat(200_000),
  quotes: '&quot;'.repeat(40_000),
  markup: '&lt;&amp;'.repeat(25_000),
  lines: '&#10;'.repeat(40_000),
  combining: `a${'\u0301'.repeat(100_000)}`,
  dots: `a${'.'.repeat(240_000)}b`,
  spaces: `a${' '.repeat(200_000)}b`,
  slashes: '../'.repeat(70_000),
  marks: '\u202e\u200d\ufe0f'.repeat(25_000),
  letters: 'x'.repeat(240_000),
  astral: '\u{1f600}'.repeat(55_000),
} as const;

const foreign = (attributes: string, inner = '') =>
  `<transport xmlns="urn:evil"${attributes}>${inner}</transport>`;
const count = (times: number, each: (index: number) => string) =>
  Array.from({ length: times }, (_, index) => each(index)).join('');
const FAR = 'n'.repeat(5_000);

/** For where elements are; `q` is declared by the stanza. */
export const ELEMENTS = {
  namespaces: foreign(` xmlns:n="${FAR}"`, '<n:a/>'.repeat(1_000)),
  prefixedAttributes: foreign(` xmlns:n="${FAR}"${count(1_000, (index) => ` n:a${index}=""`)}`),
  outerPrefix: foreign(' q:a="1"', '<q:b q:c="2"/>'),
  outerPrefixes: foreign('', '<q:b q:c="2"/>'.repeat(15_000)),
  deep: foreign('', '<a>'.repeat(1_000) + '</a>'.repeat(1_000)),
  children: foreign('', '<a/>'.repeat(60_000)),
  attributes: foreign(count(15_000, (index) => ` a${index}=""`)),
  apostrophes: foreign(` a="${TEXTS.apostrophes}"`, TEXTS.angles),
} as const;

export type Text = keyof typeof TEXTS;
export type Elements = keyof typeof ELEMENTS;
