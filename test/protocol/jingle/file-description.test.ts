import { describe, expect, test } from '@jest/globals';
import {
  checksum,
  description,
  readChecksum,
  readDescription,
  received,
} from '../../../src/protocol/jingle/file-description.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { parse } from '../../support/linked-sessions.js';

const SHA1 = Buffer.from('w0mcJylzCn+AfvuGdqkty2+KP48=', 'base64');

/** XEP-0234, example 1. */
const OFFER = `
  <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
    <file>
      <date>1969-07-21T02:56:15Z</date>
      <desc>This is a test. If this were a real file...</desc>
      <media-type>text/plain</media-type>
      <name>test.txt</name>
      <range/>
      <size>6144</size>
      <hash xmlns='urn:xmpp:hashes:2'
            algo='sha-1'>w0mcJylzCn+AfvuGdqkty2+KP48=</hash>
    </file>
  </description>`;

const FILE = {
  name: 'test.txt',
  size: 6144,
  date: new Date('1969-07-21T02:56:15Z'),
  mediaType: 'text/plain',
  description: 'This is a test. If this were a real file...',
  hashes: new Map([['sha-1', SHA1]]),
};

const read = (text: string) => readDescription(parse(text));
const ofFile = (text: string) =>
  read(
    `<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file>${text}</file></description>`,
  );

describe('a description', () => {
  test('says everything of the file', () => {
    expect(read(OFFER)).toEqual({
      ...FILE,
      hashFunctions: ['sha-1'],
      range: { offset: 0, length: undefined },
    });
  });

  test('may name the hash that will follow', () => {
    const { hashes, hashFunctions } = ofFile("<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-1'/>");
    expect(hashes?.size).toBe(0);
    expect(hashFunctions).toEqual(['sha-1']);
  });

  test('may say nothing', () => {
    expect(ofFile('')).toEqual({
      ...{ name: '', hashes: new Map(), hashFunctions: [], range: undefined },
    });
  });

  test('asks for a part', () => {
    expect(ofFile("<range offset='270336'/>").range).toEqual({ offset: 270336 });
    expect(ofFile("<range offset='2048' length='1024'/>").range).toEqual({
      ...{ offset: 2048, length: 1024 },
    });
  });

  test.each([
    ['', false],
    ["again='false'", false],
    ["again='0'", false],
    ["again='true'", true],
    ["again='1'", true],
    ["again=''", true],
    ["again='yes'", true],
    ["again='&lt;&quot;'", true],
  ])('says that it may be there already: %j (R300)', (attribute, again) => {
    const text = `<already-there xmlns='urn:x-inband:already-there:0' ${attribute}/>`;
    expect(ofFile(text).alreadyThere).toEqual({ again });
  });

  test("says nothing of that in another's words (R300)", () => {
    expect(ofFile('<already-there/>').alreadyThere).toBeUndefined();
    expect(ofFile("<already-there xmlns='urn:x'/>").alreadyThere).toBeUndefined();
  });

  test('has its media type in the words of Conversations, too', () => {
    expect(ofFile('<mediaType>text/plain</mediaType>').mediaType).toBe('text/plain');
  });

  test.each(['', 'yesterday', '2026-13-01T00:00:00Z'])(
    'with a date that cannot be read has none: %j',
    (date) => {
      expect(ofFile(`<date>${date}</date>`).date).toBeUndefined();
    },
  );

  test.each([
    ['no file', "<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>"],
    ['two files', OFFER.replace('</file>', '</file><file><name>b</name></file>')],
    ...['-1', '1.5', '', 'ten', '0x10', '1e3', '9007199254740993', '99999999999999999'].map(
      (size) => [`${JSON.stringify(size)} bytes`, OFFER.replace('6144', size)],
    ),
    ['a range from -1', OFFER.replace('<range/>', "<range offset='-1'/>")],
    ['a range of x bytes', OFFER.replace('<range/>', "<range length='x'/>")],
    ['a hash of another length', OFFER.replace('w0mcJylzCn+AfvuGdqkty2+KP48=', 'AAAA')],
  ])('with %s is refused', (_what, text) => {
    expect(() => read(text)).toThrow(StanzaError);
    expect(() => read(text)).toThrow(/bad-request/);
  });
});

describe('what is written', () => {
  test('can be read', () => {
    expect(read(description(FILE).toString())).toEqual({
      ...FILE,
      ...{ hashFunctions: ['sha-1'], range: undefined },
    });
  });

  test('says that ranges are understood, or which one is wanted', () => {
    const range = (from: Parameters<typeof description>[1]) =>
      description(FILE, from).getChild('file')?.getChild('range')?.toString();
    expect(range({ offset: 0 })).toBe('<range/>');
    expect(range({ offset: 5, length: 3 })).toBe('<range offset="5" length="3"/>');
    expect(range(undefined)).toBeUndefined();
  });

  test.each([false, true])('says that it is sent again: %j (R300)', (again) => {
    const text = description({ ...FILE, alreadyThere: { again } }).toString();
    expect(read(text).alreadyThere).toEqual({ again });
    expect(text.includes('again')).toBe(again);
  });

  test('has nothing of ours for those who do not know it (R300)', () => {
    expect(description(FILE, { offset: 0 }).toString()).not.toContain('x-inband');
  });

  test('announces a hash where none is known', () => {
    const { hashFunctions, hashes } = read(description({ name: 'stdin' }).toString());
    expect(hashFunctions).toEqual(['sha-256']);
    expect(hashes?.size).toBe(0);
  });

  test('has no MD5', () => {
    const md5 = new Map([['md5', Buffer.alloc(16)]]);
    const { hashFunctions, hashes } = read(description({ name: 'a', hashes: md5 }).toString());
    expect(hashFunctions).toEqual(['sha-256']);
    expect(hashes?.size).toBe(0);
  });

  test('keeps what is not fit for XML', () => {
    const name = `<&"'>]]>.txt`;
    expect(read(description({ name }).toString()).name).toBe(name);
  });

  test('has its date in whole seconds', () => {
    const date = new Date('2026-01-02T03:04:05.678Z');
    expect(description({ name: 'a', date }).toString()).toContain('2026-01-02T03:04:05Z');
  });
});

describe('a checksum', () => {
  const CONTENT = { creator: 'initiator', name: 'a-file-offer' } as const;

  test('tells the hashes of the file, as in the XEP', () => {
    const element = checksum(CONTENT, new Map([['sha-1', SHA1]]));
    expect(element.toString()).toBe(
      parse(`
        <checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5' creator='initiator' name='a-file-offer'>
          <file><hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>w0mcJylzCn+AfvuGdqkty2+KP48=</hash></file>
        </checksum>`)
        .toString()
        .replaceAll(/>\s+</g, '><'),
    );
    expect(readChecksum(parse(element.toString()))).toEqual(new Map([['sha-1', SHA1]]));
  });

  test('of a part tells nothing of the file', () => {
    const ofPart = `
      <checksum xmlns='urn:xmpp:jingle:apps:file-transfer:5' creator='initiator' name='a-file-offer'>
        <file>
          <range offset='2048' length='1024'>
            <hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>kHp5RSzW/h7Gm1etSf90Mr5PC/k=</hash>
          </range>
        </file>
      </checksum>`;
    expect(readChecksum(parse(ofPart)).size).toBe(0);
  });

  test('of nothing is refused', () => {
    expect(() => readChecksum(parse('<checksum/>'))).toThrow(StanzaError);
  });

  test('is answered by the recipient with the name of the content', () => {
    expect(received(CONTENT).toString()).toBe(
      '<received xmlns="urn:xmpp:jingle:apps:file-transfer:5" creator="initiator" name="a-file-offer"/>',
    );
  });
});
