import { describe, expect, test } from '@jest/globals';
import {
  readAgreedTransport,
  readTransport,
  transport,
} from '../../../../src/protocol/jingle/transports/ibb-stanzas.js';
import { parse } from '../../../support/linked-sessions.js';

/** XEP-0261, example 1. */
const OFFERED = `
  <transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='4096' sid='ch3d9s71'/>`;

const OPEN = { sid: 'ch3d9s71', blockSize: 4096, stanza: 'iq' } as const;

const refusal = { type: 'modify', condition: 'bad-request' };

describe('a transport', () => {
  test('says which bytestream is to be opened', () => {
    expect(readTransport(parse(OFFERED))).toEqual(OPEN);
    const inMessages = OFFERED.replace('/>', " stanza='message'/>");
    expect(readTransport(parse(inMessages))).toEqual({ ...OPEN, stanza: 'message' });
  });

  test('that is written can be read', () => {
    for (const stanza of ['iq', 'message'] as const) {
      expect(readTransport(parse(transport({ ...OPEN, stanza }).toString()))).toEqual({
        ...OPEN,
        stanza,
      });
    }
    expect(transport(OPEN).attrs.stanza).toBeUndefined();
  });

  test.each([
    ['no sid', OFFERED.replace("sid='ch3d9s71'", '')],
    ['a sid with a space', OFFERED.replace('ch3d9s71', 'ch3 d9')],
    ['no block size', OFFERED.replace("block-size='4096'", '')],
    ...['0', '65536', '-1', '1.5', 'x', ''].map((size) => [
      `blocks of ${JSON.stringify(size)} bytes`,
      OFFERED.replace('4096', size),
    ]),
    ['another stanza', OFFERED.replace('/>', " stanza='presence'/>")],
  ])('with %s is refused', (_what, text) => {
    expect(() => readTransport(parse(text))).toThrow(expect.objectContaining(refusal));
  });
});

describe('an answer', () => {
  test('may ask for smaller blocks, as in the XEP', () => {
    const answer = parse(OFFERED.replace('4096', '2048'));
    expect(readAgreedTransport(answer, OPEN)).toEqual({ ...OPEN, blockSize: 2048 });
  });

  test('may ask for no blocks that would never end, unless they were offered (R802)', () => {
    const answerOf = (size: number) => parse(OFFERED.replace('4096', `${size}`));
    expect(readAgreedTransport(answerOf(512), OPEN)).toEqual({ ...OPEN, blockSize: 512 });
    expect(() => readAgreedTransport(answerOf(511), OPEN)).toThrow(
      'blocks of 511 bytes, and 512 at least were offered',
    );
    const small = { ...OPEN, blockSize: 16 };
    expect(readAgreedTransport(answerOf(16), small)).toEqual(small);
    expect(() => readAgreedTransport(answerOf(1), small)).toThrow('16 at least');
  });

  test('may leave out what stays', () => {
    const answer = parse("<transport xmlns='urn:xmpp:jingle:transports:ibb:1'/>");
    expect(readAgreedTransport(answer, OPEN)).toEqual(OPEN);
  });

  test.each([
    ['larger blocks', OFFERED.replace('4096', '4097')],
    ['no blocks', OFFERED.replace('4096', '0')],
    ['another bytestream', OFFERED.replace('ch3d9s71', 'other')],
    ['another transport', OFFERED.replace('transports:ibb:1', 'transports:s5b:1')],
  ])('with %s is refused', (_what, text) => {
    expect(() => readAgreedTransport(parse(text), OPEN)).toThrow(expect.objectContaining(refusal));
  });
});
