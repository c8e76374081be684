import { Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { expect, test } from '@jest/globals';
import { XmppStream } from '../../../src/session/stream/xmpp-stream.js';
import { TcpWire } from '../../../src/session/wires/tcp-wire.js';
import { settled } from '../../support/manual-clock.js';

/** A stream on a socket that notes what is written at a time: a TLS record, if it is not too large for one. */
function streamOnRecords() {
  const records: string[] = [];
  const socket = new Writable({
    write: (chunk, _encoding, done) => {
      records.push(String(chunk));
      setImmediate(done);
    },
  });
  return { stream: new XmppStream(new TcpWire(socket as unknown as TLSSocket)), socket, records };
}

test('puts whole texts into a record, as many as it takes, in order', async () => {
  const { stream, records } = streamOnRecords();
  const texts = Array.from({ length: 40 }, (_, index) => `<${index}>`.padEnd(100 * index, 'ü'));
  await Promise.all(texts.map((text) => stream.write(text)));
  let rest = texts;
  for (const record of records) {
    const count = rest.findIndex((_, index) => rest.slice(0, index + 1).join('') === record) + 1;
    expect(count).toBeGreaterThan(0);
    rest = rest.slice(count);
    const [next] = rest;
    expect(Buffer.byteLength(record)).toBeLessThanOrEqual(16_384);
    if (next) expect(Buffer.byteLength(record + next)).toBeGreaterThan(16_384);
  }
  expect(rest).toEqual([]);
});

test('gives a text that is too large for a record to the network by itself', async () => {
  const { stream, records } = streamOnRecords();
  const texts = ['small', 'large'.padEnd(50_000), 'small again'];
  await Promise.all(texts.map((text) => stream.write(text)));
  expect(records).toEqual(texts);
});

test('what follows the last read is filled up with spaces, whole texts at a time (R152)', async () => {
  const { stream, records } = streamOnRecords();
  const first = stream.write('<first/>');
  let taken = () => {};
  stream.alignAfter(new Promise((resolve) => (taken = resolve)));
  const texts = Array.from({ length: 40 }, (_, index) => `<${index}>`.padEnd(100 * index, 'ü'));
  const written = texts.map((text) => stream.write(text));
  await first;
  await settled();
  expect(records).toEqual(['<first/>']);
  taken();
  await Promise.all(written);
  const aligned = records.slice(1);
  expect(aligned.map((record) => Buffer.byteLength(record) % 4096)).toEqual(aligned.map(() => 0));
  expect(Math.max(...aligned.map((record) => Buffer.byteLength(record)))).toBeLessThanOrEqual(
    32_768,
  );
  expect(aligned.map((record) => record.trimEnd()).join('')).toBe(texts.join(''));
  expect(stream.paddedBytes).toBe(
    Buffer.byteLength(aligned.join('')) - Buffer.byteLength(texts.join('')),
  );
});

test('rejects what waits for the server to read when the connection ends', async () => {
  const { stream, socket } = streamOnRecords();
  stream.alignAfter(new Promise(() => undefined));
  const late = stream.write('late');
  late.catch(() => undefined);
  await settled();
  socket.destroy(new Error('cut'));
  await expect(late).rejects.toThrow();
});

test('rejects what could not be written any more', async () => {
  const { stream, socket } = streamOnRecords();
  const large = 'x'.repeat(10_000);
  const [first, , third] = [1, 2, 3].map(() => stream.write(large));
  await first;
  socket.destroy(new Error('cut'));
  await expect(third).rejects.toThrow();
  await expect(stream.write('late')).rejects.toThrow();
  expect((await stream.closed)?.message).toBe('cut');
});

test('a server that reads nothing ends the connection before the memory is full (R117)', async () => {
  const socket = new Writable({ write: () => undefined });
  const stream = new XmppStream(new TcpWire(socket as unknown as TLSSocket));
  const answer = 'x'.repeat(1024 * 1024);
  const outcomes: Promise<string>[] = [];
  while (!socket.destroyed && outcomes.length < 100) {
    const written = stream.write(answer);
    outcomes.push(
      written.then(
        () => 'written',
        () => 'lost',
      ),
    );
  }
  expect(outcomes).toHaveLength(33);
  expect(await stream.closed).toMatchObject({
    name: 'ConnectionFailed',
    message: 'the server reads too slowly for what waits to be sent',
  });
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['lost']));
});
