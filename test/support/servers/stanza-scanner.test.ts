import { expect, test } from '@jest/globals';
import { StanzaScanner } from './stanza-scanner.js';

const PIECES = [
  "<?xml version='1.0'?>",
  "<stream:stream to='ü'>",
  '<stream:features><a/><b><c/></b></stream:features>',
  '<iq type="set"><data>QUJD</data></iq>',
  ' ',
  '<r xmlns="urn:xmpp:sm:3"/>',
  '<message/>',
  '<presence><show>away</show></presence>',
  '<iqs/>',
  `<iq id="a>'/>" to='"/>'/>`,
  '</stream:stream>',
  "<stream:stream to='anew'>",
  '<iq/>',
];
const STANZAS = ['iq', 'message', 'presence'];
const whole = PIECES.join('');

test.each([1, 2, 7, whole.length])('%i characters at a time, the pieces are the same', (step) => {
  const scanner = new StanzaScanner();
  const found = [];
  for (let at = 0; at < whole.length; at += step) {
    found.push(...scanner.read(whole.slice(at, at + step)));
  }
  expect(found.map(({ text }) => text)).toEqual(PIECES);
  expect(found.filter(({ isStanza }) => isStanza).map(({ text }) => text)).toEqual(
    PIECES.filter((text) => STANZAS.includes(/^<(\w+)/.exec(text)?.[1] ?? '')),
  );
});

test('what is not whole waits for the rest', () => {
  const scanner = new StanzaScanner();
  expect(scanner.read('<message><body>one')).toEqual([]);
  expect(scanner.read('</body></mess')).toEqual([]);
  expect(scanner.read('age><iq')).toEqual([
    { text: '<message><body>one</body></message>', isStanza: true },
  ]);
});
