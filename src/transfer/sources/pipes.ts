import { constants, createReadStream, open } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { addAbortSignal, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

/**
 * Opens a FIFO for reading, whether it has a writer yet or not. A blocking call would wait in a thread of Node's pool,
 * which no signal ends, and which the process waits for at its exit.
 */
export async function openPipe(path: string): Promise<Readable> {
  const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** The whole text of a file, or of a FIFO, which is waited for until the signal aborts. */
export async function readText(path: string, signal: AbortSignal): Promise<string> {
  if (!(await stat(path)).isFIFO()) return readFile(path, { encoding: 'utf8', signal });
  return text(addAbortSignal(signal, await openPipe(path)));
}

/** The same, but `undefined` where it has more bytes than `most`, of which no more is read than that tells. */
export async function readShortText(
  path: string,
  signal: AbortSignal,
  most: number,
): Promise<string | undefined> {
  const isPipe = (await stat(path)).isFIFO();
  const stream = isPipe ? await openPipe(path) : createReadStream(path, { end: most });
  return shortText(addAbortSignal(signal, stream), most);
}

/** The text of a stream; `undefined` where it has more bytes than `most`, and then the stream is closed. */
export async function shortText(stream: Readable, most: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let [size, read] = [0, ''];
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    size += bytes.length;
    if (size > most) return undefined;
    read += decoder.decode(bytes, { stream: true });
  }
  return read + decoder.decode();
}
