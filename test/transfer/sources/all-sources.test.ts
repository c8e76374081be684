import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { shared } from '../../../src/transfer/sources/all-sources.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test.each([1, 2])('what all of %d readers have read is held no more (R582)', async (count) => {
  const held: WeakRef<object>[] = [];
  async function* things() {
    for (;;) {
      const thing = { bytes: Buffer.alloc(1000) };
      held.push(new WeakRef(thing));
      yield thing;
    }
  }
  const readers = shared(things(), count);
  for (let read = 0; read < 100; read += 1) for (const reader of readers) await reader.next();
  // What a WeakRef gave stays until the present job is over.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const left = held.filter((one) => one.deref() !== undefined);
  expect(left.length).toBeLessThan(10);
  expect(await readers[0]?.next()).toMatchObject({ done: false });
});
