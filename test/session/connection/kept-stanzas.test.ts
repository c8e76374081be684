import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { data } from '../../../src/protocol/ibb/stanzas.js';
import { Connection, type ConnectionOptions } from '../../../src/session/connection/connection.js';
import type { XmppStream } from '../../../src/session/stream/xmpp-stream.js';
import { xml } from '../../../src/session/xml.js';
import { ManualClock } from '../../support/manual-clock.js';

const BLOCK = Buffer.alloc(48_000);
const BLOCKS = 300;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test('of blocks that were written, the text does not stay until the server has acknowledged them (R261)', async () => {
  const lengths: number[] = [];
  // All that a connection needs of its stream to write.
  const stream = { write: async (text: string) => void lengths.push(text.length) };
  const enabled = xml('enabled', { xmlns: 'urn:xmpp:sm:3' });
  const signal = new AbortController().signal;
  const options = { jid: 'romeo@montague.example/orchard', signal, clock: new ManualClock() };
  const connection = new Connection(
    stream as unknown as XmppStream,
    enabled,
    options as unknown as ConnectionOptions,
  );
  const write = async (count: number) => {
    for (let seq = 0; seq < count; seq += 1) {
      await connection.write(xml('iq', { type: 'set' }, data('s1', seq, BLOCK)));
    }
  };
  await write(10);
  const before = usedHeap();
  await write(BLOCKS);
  const grown = usedHeap() - before;
  expect(Math.max(...lengths)).toBeGreaterThan(64_000);
  expect(grown / BLOCKS).toBeLessThan(8_000);
});
