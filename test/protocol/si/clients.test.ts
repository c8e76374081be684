import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type Channel, CloseUnconfirmed } from '../../../src/protocol/channel.js';
import { close, data, NS_IBB, readData } from '../../../src/protocol/ibb/stanzas.js';
import { NS_SI } from '../../../src/protocol/si/stanzas.js';
import { xml } from '../../../src/session/xml.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { errorOf, pattern, takeAll } from '../ibb/bytestreams.js';
import {
  choice,
  IBB,
  linked,
  NS_FILE,
  options,
  PROFILE,
  NS_SI as SI,
  SOCKS5,
  serviceOn,
} from './services.js';

// What clients do beside the XEPs; which ones were seen doing it, test/peers/README.md says.

const BYTES = pattern(10_000);
const MD5 = createHash('md5').update(BYTES).digest();
const FILE = { name: 'test.bin', size: BYTES.length, hashes: new Map([['md5', MD5]]) };

afterEach(() => {
  jest.useRealTimers();
});

/** Romeo's service, and a Juliet who accepts a file; `arrived` is called before she acknowledges a block. */
function receivingClient(
  range = '',
  arrived: (sid: string, bytes: number) => void = () => undefined,
) {
  const [romeo, juliet] = linked();
  const blocks: Buffer[] = [];
  juliet.handle('set', NS_SI, 'si', () =>
    parse(`<si ${SI}><file ${NS_FILE}>${range}</file>${choice(IBB)}</si>`),
  );
  juliet.handle('set', NS_IBB, 'open', () => undefined);
  juliet.handle('set', NS_IBB, 'data', (element) => {
    const { sid, bytes = Buffer.alloc(0) } = readData(element);
    blocks.push(bytes);
    arrived(sid, Buffer.concat(blocks).length);
    return undefined;
  });
  return { juliet, service: serviceOn(romeo).service, received: () => Buffer.concat(blocks) };
}

/** Juliet's service, and a Romeo who offers and sends a file in blocks of a size of his own. */
function sendingClient(within: string, blockSize: number) {
  const [romeo, juliet] = linked();
  const { offers } = serviceOn(juliet);
  const send = (text: string) => romeo.request('set', JULIET, parse(text));
  const file = `<file ${NS_FILE} name='test.bin' size='10000'>${within}</file>`;
  const answer = send(
    `<si ${SI} id='ft_00a1' profile='${PROFILE}'>${file}${options(SOCKS5, IBB)}</si>`,
  );
  const sendInIq = (seq: number, bytes: Buffer): Promise<unknown> =>
    romeo.request('set', JULIET, data('ft_00a1', seq, bytes));
  const sendFile = async (bytes: Buffer, sendBlock = sendInIq) => {
    await send(`<open xmlns='${NS_IBB}' sid='ft_00a1' block-size='4096'/>`);
    for (let seq = 0; seq * blockSize < bytes.length; seq += 1) {
      await sendBlock(seq, bytes.subarray(seq * blockSize, (seq + 1) * blockSize));
    }
    await romeo.request('set', JULIET, close('ft_00a1'));
  };
  return { romeo, offers, answer, sendFile };
}

describe('libpurple', () => {
  test('does not answer the close: its file is delivered, and not confirmed', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { juliet, service, received } = receivingClient();
    const closed = new Promise<void>((resolve) => {
      juliet.handle('set', NS_IBB, 'close', () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    const { channel } = await service.offer(JULIET, FILE);
    const error = errorOf(channel);
    channel.resume().end(BYTES);
    await closed;
    jest.advanceTimersByTime(10_000);
    expect(await error).toBeInstanceOf(CloseUnconfirmed);
    expect(channel.bytesSent).toBe(BYTES.length);
    expect(received()).toEqual(BYTES);
  });

  test('sends less in a block than it might, from the beginning only', async () => {
    const { offers, answer, sendFile } = sendingClient('', 3072);
    await settled();
    const accepted = offers[0]?.accept();
    expect((await answer).getChild('si', NS_SI)?.getChild('file')).toBeUndefined();
    const sent = sendFile(BYTES);
    expect(offers[0]?.ranged).toBe(false);
    expect(await takeAll((await accepted) as Channel)).toEqual(BYTES);
    await sent;
  });
});

describe('Psi', () => {
  test('may take a part of a file', async () => {
    const { juliet, service, received } = receivingClient("<range offset='4000' length='2000'/>");
    juliet.handle('set', NS_IBB, 'close', () => undefined);
    const { channel, offset, length = 0 } = await service.offer(JULIET, FILE);
    channel.resume().end(BYTES.subarray(offset, offset + length));
    await once(channel, 'close');
    expect(channel.closeAcknowledged).toBe(true);
    expect(received()).toEqual(BYTES.subarray(4000, 6000));
  });

  test.each([1, 16])(
    'may close when it has all, before it acknowledges the last block: it is sent, with a window of %s',
    async (window) => {
      let closed: Promise<unknown> | undefined;
      const { juliet, service, received } = receivingClient('', (sid, bytes) => {
        if (bytes === BYTES.length) closed = juliet.request('set', ROMEO, close(sid));
      });
      const { channel } = await service.offer(JULIET, FILE, { window });
      channel.resume();
      await pipeline(Readable.from([BYTES]), channel);
      expect([channel.bytesSent, channel.closeAcknowledged]).toEqual([BYTES.length, false]);
      expect(received()).toEqual(BYTES);
      await closed;
    },
  );

  test('sends a file from an offset on', async () => {
    const { offers, answer, sendFile } = sendingClient('<desc>this</desc><range/>', 4096);
    await settled();
    const accepted = offers[0]?.accept({ offset: 4000 });
    const range = (await answer).getChild('si', NS_SI)?.getChild('file')?.getChild('range');
    expect(range?.attrs).toEqual({ offset: '4000' });
    const sent = sendFile(BYTES.subarray(4000));
    expect(await takeAll((await accepted) as Channel)).toEqual(BYTES.subarray(4000));
    await sent;
  });
});

test('Tkabber sends a file in messages and wrapped lines, over a bytestream of iqs', async () => {
  const { romeo, offers, answer, sendFile } = sendingClient('<desc>this</desc>', 1024);
  await settled();
  const accepted = offers[0]?.accept();
  await answer;
  const sent = sendFile(BYTES, async (seq, bytes) => {
    const lines = bytes.toString('base64').replace(/.{76}(?!$)/g, '$&\n');
    const block = xml('data', { xmlns: NS_IBB, sid: 'ft_00a1', seq }, lines);
    await romeo.send(xml('message', { to: JULIET }, block));
  });
  expect(await takeAll((await accepted) as Channel)).toEqual(BYTES);
  await sent;
});
