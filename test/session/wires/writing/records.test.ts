import { once } from 'node:events';
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { oneDocument, Records } from '../../../../src/session/wires/writing/records.js';

/** As many bytes in each piece, and no white space. */
const pieces = (bytes: number) => ({ pieceBytes: bytes, spaceBehind: () => '' });

async function bytesOf(texts: string[], pieceBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  const socket = new Writable({
    write: (bytes: Buffer, _encoding, done) => {
      parts.push(bytes);
      done();
    },
  });
  const records = new Records(oneDocument(socket, pieces(pieceBytes)));
  await Promise.all(texts.map((text) => records.write(text)));
  socket.end();
  await once(socket, 'finish');
  return Buffer.concat(parts);
}

test('all texts are written in UTF-8, whichever of them are in one piece (R260)', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text), fc.integer({ min: 1, max: 64 }), async (texts, bytes) => {
      const all = Buffer.concat(texts.map((one) => Buffer.from(one)));
      expect(await bytesOf(texts, bytes)).toEqual(all);
    }),
  );
});

test.each([
  ['fails', new Error('the connection is closed')],
  ['is done', undefined],
])(
  'any number of pieces are given to a sink that %s at once, and each text settles (R1296)',
  async (_how, error) => {
    const written: string[] = [];
    const records = new Records({
      pieceBytes: 1,
      bytesOf: (text) => text.length,
      write: (texts, _bytes, done) => {
        written.push(...texts);
        done(error);
      },
    });
    const texts = Array.from({ length: 20_000 }, (_, index) => `${index} `);
    const outcomes = await Promise.allSettled(texts.map((text) => records.write(text)));
    expect(written).toEqual(texts);
    const reasons = new Set(outcomes.map((one) => one.status === 'rejected' && one.reason));
    expect([...reasons]).toEqual([error ?? false]);
    expect(records.unsentCharacters).toBe(0);
    // It goes on with what comes later.
    await records.write('last').catch(() => undefined);
    expect(written.at(-1)).toBe('last');
  },
);
