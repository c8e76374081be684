import { PassThrough, Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { Context } from '../../src/commands/context.js';
import { replace } from '../../src/commands/keys/own-key.js';
import type { Event } from '../../src/transfer/events.js';
import type { SecretKeys } from '../../src/transfer/keys/own-key.js';

const QUESTION =
  'Make another key for romeo@example.org? Whoever knows the present one refuses the new one until they trust it. [y/N] ';

/** Answers at a terminal, with a key there. */
async function replacing(answer: string) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  let asked = '';
  const stderr = Object.assign(
    new Writable({
      write(text, _encoding, done) {
        asked += text;
        if (asked.includes('[y/N]') && !stdin.writableEnded) stdin.end(answer);
        done();
      },
    }),
    { isTTY: true },
  );
  const kept: string[] = [];
  const keys: SecretKeys = {
    has: async () => true,
    obtain: async () => Buffer.alloc(32, 1),
    replace: async (_jid, _secret, textOf) => {
      kept.push(textOf(Buffer.alloc(32, 1)));
      return { wasKnown: true, kept: { path: '/home/romeo/old.key', isWhole: true } };
    },
  };
  const events: Event[] = [];
  const warned: string[] = [];
  const context = {
    ...{ stdin, stderr, signal: new AbortController().signal, openKeys: async () => keys },
    reporter: async () => ({
      report: (event: Event) => void events.push(event),
      warn: (text: string) => void warned.push(text),
    }),
  } as unknown as Context;
  await replace({ account: 'romeo@example.org' } as Parameters<typeof replace>[0], context);
  return { asked, kept, events, warned };
}

test.each(['', 'n', 'yess', 'nothing'])(
  'a key is not replaced for "%s" (R1237)',
  async (answer) => {
    const { asked, kept, events } = await replacing(`${answer}\n`);
    expect(asked).toContain(QUESTION);
    expect(kept).toEqual([]);
    expect(events).toEqual([{ event: 'notice', text: 'the key stays as it is' }]);
  },
);

test('a key is replaced for a yes, is told, and the one before is kept as export writes it (R1237)', async () => {
  const { kept, events, warned } = await replacing('y\n');
  expect(events).toMatchObject([{ event: 'key', jid: 'romeo@example.org' }]);
  expect(kept).toEqual([expect.stringMatching(/^INBAND-SECRET-KEY-[A-Z2-7]{52}\n$/)]);
  expect(warned.at(-1)).toBe(
    'the key that it had is kept in /home/romeo/old.key; this takes it back: inband key import -a romeo@example.org /home/romeo/old.key',
  );
});
