import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isEmptied, StreamParser } from '../../../src/session/stream/parser.js';
import type { Element } from '../../../src/session/xml.js';

const HEADER = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' from='capulet.example'>`;

/** A parser that has read the header of the stream, and the elements that it found. */
function started() {
  const parser = new StreamParser();
  const elements: Element[] = [];
  const events: string[] = [];
  parser.on('start', () => events.push('start'));
  parser.on('end', () => events.push('end'));
  parser.on('element', (element: Element) => elements.push(element));
  parser.write(HEADER);
  return { parser, elements, events, texts: () => elements.map(String) };
}

describe('a stream', () => {
  test('brings its stanzas one by one, between its start and its end', () => {
    const { parser, events, texts } = started();
    expect(events).toEqual(['start']);
    parser.write("<message id='1'><body>To be</body></message> <presence/>");
    parser.write('</stream:stream>');
    expect(texts()).toEqual(['<message id="1"><body>To be</body></message>', '<presence/>']);
    expect(events).toEqual(['start', 'end']);
  });

  test('brings stanzas of the namespace that the header names', () => {
    const { parser, elements } = started();
    parser.write("<iq><query xmlns='urn:example'/></iq><stream:features/>");
    expect(elements[0]?.getNS()).toBe('jabber:client');
    expect(elements[0]?.getChildElements()[0]?.getNS()).toBe('urn:example');
    expect(elements[1]?.is('features', 'http://etherx.jabber.org/streams')).toBe(true);
  });

  test('brings text with its entities and characters as they were meant', () => {
    const { parser, elements } = started();
    parser.write(
      "<message id='&lt;&quot;&apos;&gt;'><body>a &amp; b &#169; &#x1F600; é 文 😀</body></message>",
    );
    expect(elements[0]?.attrs.id).toBe(`<"'>`);
    expect(elements[0]?.getChild('body')?.getText()).toBe('a & b © 😀 é 文 😀');
  });

  test('brings marked sections as the text that they are', () => {
    const { parser, elements } = started();
    parser.write('<message><body><![CDATA[<b> & ]]></body></message>');
    expect(elements[0]?.getChild('body')?.getText()).toBe('<b> & ');
  });

  test('brings text and attributes with a ">" in them', () => {
    const { parser, elements } = started();
    for (const part of ["<message id='a>", "b'><body>x >", ' y></body>', '</message>']) {
      parser.write(part);
    }
    expect(elements[0]?.attrs.id).toBe('a>b');
    expect(elements[0]?.getChild('body')?.getText()).toBe('x > y>');
  });

  // U+FEFF, U+1680 and others are white space for JavaScript, and may stand in a name of XML 1.0.
  test.each(['\ufeff', '\u1680', '\u2003', '\u3000', '\u00a0', '\v', '\f'])(
    'has no other sender by a %j before the name of an attribute',
    (space) => {
      const { parser, elements } = started();
      parser.write(`<message from='evil@x/1' ${space}from='juliet@own'/>`);
      parser.write(`<message><a${space}b/></message>`);
      expect(elements[0]?.attrs.from).toBe('evil@x/1');
      expect(elements).toHaveLength(2);
    },
  );

  test('is the same however the network cuts it (R35)', () => {
    const text = `<message id='a&gt;b' to="x>y"><body>1 &lt; 2 &amp; 3 > 2 文件 😀</body><x xmlns='urn:x'><![CDATA[<&>]]></x></message> <iq type='get' id='&#49;'><ping xmlns='urn:xmpp:ping'/></iq><presence/>`;
    const whole = started();
    whole.parser.write(text);
    expect(whole.elements).toHaveLength(3);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 40 }), (cuts) => {
        const { parser, texts } = started();
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        for (const [index, end] of places.slice(1).entries()) {
          parser.write(text.slice(places[index], end));
        }
        expect(texts()).toEqual(whole.texts());
      }),
      { numRuns: 300 },
    );
    const { parser, texts } = started();
    for (const unit of text.split('')) parser.write(unit);
    expect(texts()).toEqual(whole.texts());
  });

  test('tells whether a stanza is whole', () => {
    const { parser } = started();
    expect(parser.betweenStanzas).toBe(true);
    const parts: [string, boolean][] = [
      ['<message', false],
      ['>', false],
      ['<body>x</body>', false],
      ['</message>', true],
      [' \n', true],
      ['<', false],
      ['presence/>', true],
      ['x', false],
    ];
    for (const [part, whole] of parts) {
      parser.write(part);
      expect([part, parser.betweenStanzas]).toEqual([part, whole]);
    }
  });

  test('has no whole stanza before its header, nor after its end', () => {
    const parser = new StreamParser();
    expect(parser.betweenStanzas).toBe(false);
    parser.write(HEADER);
    parser.write('</stream:stream>');
    expect(parser.betweenStanzas).toBe(false);
  });
});

describe('a stream is refused', () => {
  test.each([
    ['an attribute that stands there twice', "<message from='a@x' from='b@y'/>"],
    ['an entity that nobody declared', '<message>&evil;</message>'],
    ['an entity in an attribute', "<message id='&evil;'/>"],
    ['a document type', '<!DOCTYPE x [<!ENTITY evil "x">]>'],
    [
      'a document type in parts',
      '<!DOCTYPE x'.concat(' [<!ENTITY evil SYSTEM "file:///etc/passwd">'),
    ],
    ['a comment', '<message><!-- x --></message>'],
    ['tags that do not match', '<message><body></message></body>'],
    ['the end of what did not begin', '<message></presence>'],
    ['a character that XML does not know', '<message>&#0;</message>'],
    ['an attribute without a value', '<message id/>'],
    ['an attribute without quotes', '<message id=1/>'],
    ['an end with attributes', "<message></message id='1'>"],
    ['a tag that begins and ends', '<message></message/>'],
    ['a tag without a name', '<message>< /></message>'],
  ])('for %s', (_what, text) => {
    const { parser, elements } = started();
    expect(() => parser.write(text)).toThrow(
      /^(the XML is not well-formed|XML that XMPP forbids|the XML has an unknown reference .+|\w+ must be closed\.)$/,
    );
    expect(elements).toEqual([]);
  });
});

test('the header of a stream may be no longer than a stanza (R62)', () => {
  const parser = new StreamParser();
  parser.write("<stream:stream xmlns='jabber:client' id='");
  expect(() => {
    for (let count = 0; count < 400; count += 1) parser.write('x'.repeat(16_384));
  }).toThrow('the header of the stream is too long');
});

describe('a stanza is handed over without what is in it', () => {
  const nested = (depth: number) => `${'<x>'.repeat(depth)}${'</x>'.repeat(depth)}`;

  test.each([
    ['when it is more than 32 deep', nested(31), nested(32)],
    ['when it is far deeper, all in all', nested(31), nested(100_000)],
    [
      'when it has more than 10,000 elements (R21)',
      `<x>${'<y/>'.repeat(9_900)}</x>`,
      `<x id='1'>text${'<y/>'.repeat(10_001)}text</x>`,
    ],
  ])('%s, and the stream goes on', (_when, within, over) => {
    const { parser, elements } = started();
    parser.write(within); // in the stream itself
    parser.write(over);
    parser.write('<next><child/></next>');
    expect(elements).toHaveLength(3);
    const [first, second, third] = elements;
    expect(first?.children.length).toBeGreaterThan(0);
    expect([second?.name, second?.children]).toEqual(['x', []]);
    expect(third?.toString()).toBe('<next><child/></next>');
    expect([first, second, third].map((element) => isEmptied(element as Element))).toEqual([
      false,
      true,
      false,
    ]);
  });

  // What is repeated is written again and again, in pieces as the network brings them.
  const PIECE = 'x'.repeat(16_384);
  // In place of the # comes the number of the piece: no name may stand there twice.
  const NAMED = Array.from({ length: 1_400 }, (_, index) => `a#.${index}='>' `).join('');
  test.each([
    ['text', '<body>', PIECE, '</body>'],
    ['a marked section', '<body><![CDATA[', PIECE, ']]></body>'],
    ['an attribute', "<body lang='", PIECE, "'/>"],
    ['the name of an element', '<body', PIECE, '/>'],
    ['the name of an attribute', '<body ', PIECE, "='1'/>"],
    ['spaces in a tag', '<body ', ' '.repeat(16_384), '/>'],
    ['attributes', '<body ', NAMED, '/>'],
    ['elements', '<body>', '<x/>'.repeat(4_096), '</body>'],
    ['elements in each other', '<body>', "<x a='/>'>".repeat(1_600), '', '</x>'],
    ['instructions', '<body><?', PIECE, '?></body>'],
  ])('when it has 10 MB of %s (R62)', (_what, begin, piece, end, close = '') => {
    const { parser, elements } = started();
    parser.write(`<message id='1' type='chat' from='romeo@montague.example'>${begin}`);
    const pieces = 640;
    for (let count = 0; count < pieces; count += 1) {
      parser.write(piece.replaceAll('#', `${count}`));
    }
    parser.write(end);
    if (close) for (let count = 0; count < pieces; count += 1) parser.write(close.repeat(1_600));
    parser.write(`${close && '</body>'}</message><next/>`);
    expect(elements.map(({ name, attrs }) => [name, attrs.id, attrs.from])).toEqual([
      ['message', '1', 'romeo@montague.example'],
      ['next', undefined, undefined],
    ]);
    const [message] = elements;
    if (begin.includes('?')) return; // they are nothing
    expect([message?.children, message && isEmptied(message)]).toEqual([[], true]);
  });

  test('when its own attributes are too large, but for those that say whose it is (R62)', () => {
    const { parser, elements } = started();
    parser.write(`<iq a='1' xml:lang='${'x'.repeat(5 << 20)}' b='2' id='i' type='result'`);
    parser.write(` ${"q='' ".repeat(60_000)} from='juliet@capulet.example' to='&quot;'><x/></iq>`);
    expect(elements[0]?.attrs).toMatchObject({
      ...{ id: 'i', type: 'result', from: 'juliet@capulet.example', to: '"' },
    });
    expect(Object.keys(elements[0]?.attrs ?? {}).sort()).toEqual(
      ['a', 'from', 'id', 'to', 'type', 'xml:lang'].sort(),
    );
    expect(elements[0]?.attrs['xml:lang']).toBe('');
    expect(elements[0]?.children).toEqual([]);
  });

  test('and never without a sender that it had, for the server has none (R62)', () => {
    const { parser, elements } = started();
    parser.write(`<message x='${'x'.repeat(5 << 20)}' from='${'x'.repeat(5 << 20)}'/>`);
    expect(elements[0]?.attrs.from).toBe('');
  });
});

describe('a stanza whose items are read as they come', () => {
  /** A parser that reads the items of every iq. */
  function reading() {
    const items: string[] = [];
    const parser = new StreamParser((head) =>
      head.name === 'iq' ? (item) => items.push(`${item} ${item.getNS()}`) : undefined,
    );
    const elements: Element[] = [];
    parser.on('element', (element: Element) => elements.push(element));
    parser.write(HEADER);
    return { parser, elements, items };
  }

  test('is handed over without them, and the next one with all that it has (R64)', () => {
    const { parser, elements, items } = reading();
    parser.write(
      "<iq id='1'><query xmlns='urn:x'><item a='1'/> <item><b>t</b></item></query></iq>",
    );
    parser.write("<message><query xmlns='urn:x'><item/></query></message>");
    expect(items).toEqual(['<item a="1"/> urn:x', '<item><b>t</b></item> urn:x']);
    expect(elements.map(String)).toEqual([
      '<iq id="1"><query xmlns="urn:x"/></iq>',
      '<message><query xmlns="urn:x"><item/></query></message>',
    ]);
    expect(elements.some(isEmptied)).toBe(false);
  });

  test('may have any number of them, of which those that are too large come without what is in them (R64)', () => {
    const { parser, elements } = reading();
    let count = 0;
    const counting = new StreamParser(() => () => {
      count += 1;
    });
    counting.write(HEADER);
    counting.write("<iq id='1'><query xmlns='urn:x'>");
    for (let round = 0; round < 100; round += 1) {
      counting.write(`${"<item jid='a@b'><group>g</group></item>".repeat(1_000)} `);
    }
    counting.write('</query></iq>');
    expect(count).toBe(100_000);

    parser.write(
      `<iq><query><item a='1'>${'<x/>'.repeat(20_000)}</item><item b='2'/></query></iq>`,
    );
    expect(elements.map(String)).toEqual(['<iq><query/></iq>']);
  });

  test('is read to its end though one of its items is too large (R64)', () => {
    const { parser, items } = reading();
    parser.write(`<iq><query xmlns='urn:x'><item a='1'>${'<x/>'.repeat(20_000)}</item>`);
    parser.write(
      `<item b='${'x'.repeat(5 << 20)}'><y/></item><item c='3'><z/></item></query></iq>`,
    );
    expect(items).toEqual([
      '<item a="1"/> urn:x',
      '<item b=""/> urn:x',
      '<item c="3"><z/></item> urn:x',
    ]);
  });
});

describe('a stream is not refused', () => {
  test('for many stanzas, however long they are together', () => {
    const { parser, elements } = started();
    const stanza = `<message>${'<x/>'.repeat(100)}${'y'.repeat(100_000)}</message>`;
    for (let count = 0; count < 200; count += 1) parser.write(stanza);
    expect(elements).toHaveLength(200);
  });

  test('for a stanza as long as a server lets through', () => {
    const { parser, elements } = started();
    parser.write('<message><body>');
    // In pieces as the network brings them.
    for (let count = 0; count < 31; count += 1) parser.write('x'.repeat(16_384));
    parser.write('</body></message>');
    expect(elements[0]?.getChild('body')?.getText()).toHaveLength(31 * 16_384);
  });

  test('for spaces that keep it alive', () => {
    const { parser, elements } = started();
    for (let count = 0; count < 1000; count += 1) parser.write(count % 2 ? ' ' : '\n');
    parser.write('<presence/>');
    expect(elements.map(String)).toEqual(['<presence/>']);
  });
});

test('a long stanza in many pieces is read in a time that grows with its length alone', () => {
  const { parser, elements } = started();
  const before = performance.now();
  parser.write('<message><body>');
  // Half a second or so if each piece were scanned from the start.
  for (let count = 0; count < 5000; count += 1) parser.write('x'.repeat(100));
  parser.write('</body></message>');
  expect(performance.now() - before).toBeLessThan(1000);
  expect(elements[0]?.getChild('body')?.getText()).toHaveLength(500_000);
});
