import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { Pongs } from '../../../../src/session/wires/frames/pongs.js';

/** Takes one write, and the next when it is let. */
function stalled() {
  const written: Buffer[] = [];
  let go: () => void = () => undefined;
  const socket = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk);
      go = done;
    },
  });
  return { socket, written, goOn: () => go() };
}

const unmasked = (frame: Buffer): string => {
  const key = frame.subarray(2, 6);
  return String.fromCharCode(
    ...frame.subarray(6).map((byte, index) => byte ^ (key[index % 4] as number)),
  );
};

test('while a pong waits, one more is kept for all pings that come: that of the last (R1219)', async () => {
  const { socket, written, goOn } = stalled();
  const pongs = new Pongs(socket);
  for (let count = 0; count < 1_000; count += 1) pongs.answer(Buffer.from(`${count}`));
  pongs.unasked();
  const bytes = socket.writableLength;
  expect(written.map(unmasked)).toEqual(['0']);
  expect(bytes).toBeLessThan(20);
  goOn();
  await new Promise(setImmediate);
  goOn();
  await new Promise(setImmediate);
  expect(written.map(unmasked)).toEqual(['0', '999']);
  pongs.unasked();
  expect(written.map(unmasked)).toEqual(['0', '999', '']);
});
