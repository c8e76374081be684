import { describe, expect, test } from '@jest/globals';
import type { StanzaMode } from '../../src/protocol/ibb/stanzas.js';
import { pattern } from '../protocol/ibb/bytestreams.js';
import { leftOf, type Pair, pairOfTransfers } from '../protocol/jingle/transfers.js';
import { receive, type SendOptions, send, sha256, sourceOf, withoutBlocks } from './transfers.js';

/** Romeo sends this to Juliet; what each of them is told. */
async function transfer(
  pair: Pair,
  bytes: Buffer,
  facts: Parameters<typeof sourceOf>[1] = {},
  options: SendOptions = {},
) {
  const { inbox, received } = receive(pair.juliet);
  const sent = await send(pair.romeo, sourceOf(bytes, facts), options);
  return { inbox, sent, received: await received };
}

const modes: StanzaMode[] = ['iq', 'message'];
const sizes = [0, 1, 4, 5, 12, 13, 1000];
const cases = modes.flatMap((stanza) => sizes.map((size) => ({ stanza, size })));

describe('a file arrives', () => {
  test.each(cases)('in $stanza stanzas, $size bytes of it', async ({ stanza, size }) => {
    const pair = pairOfTransfers();
    const bytes = pattern(size);
    const { inbox, sent, received } = await transfer(pair, bytes, {}, { stanza });
    expect(inbox.files.get('letter.txt')).toEqual(bytes);
    expect(received).toMatchObject({ path: '/inbox/letter.txt', size, sha256: sha256(bytes) });
    expect(withoutBlocks(sent)).toEqual({ size, sha256: sha256(bytes) });
    expect(await leftOf(pair)).toEqual([]);
  });

  test.each(cases)(
    'in $stanza stanzas, $size bytes of it, whose number and hash are not known before',
    async ({ stanza, size }) => {
      const pair = pairOfTransfers();
      const bytes = pattern(size);
      const facts = { size: undefined } as object;
      const { inbox, sent } = await transfer(pair, bytes, facts, { stanza });
      expect(inbox.files.get('letter.txt')).toEqual(bytes);
      expect(withoutBlocks(sent)).toEqual({ size, sha256: sha256(bytes) });
      expect(pair.wire.find('romeo: session-info checksum')).toHaveLength(1);
      expect(await leftOf(pair)).toEqual([]);
    },
  );

  test('and one that goes the other way at the same time', async () => {
    const pair = pairOfTransfers();
    const [hers, his] = [receive(pair.juliet), receive(pair.romeo)];
    const letters = [pattern(50), pattern(60)] as const;
    const peer = pair.sessions[0].jid;
    const sent = await Promise.all([
      send(pair.romeo, sourceOf(letters[0])),
      send(pair.juliet, sourceOf(letters[1]), { peer }),
    ]);
    expect(sent.map(({ size }) => size)).toEqual([50, 60]);
    await Promise.all([hers.received, his.received]);
    expect(hers.inbox.files.get('letter.txt')).toEqual(letters[0]);
    expect(his.inbox.files.get('letter.txt')).toEqual(letters[1]);
    expect(await leftOf(pair)).toEqual([]);
  });
});

test('a recipient says that it has the file before the close is acknowledged, and its sender ends the session', async () => {
  const pair = pairOfTransfers();
  await transfer(pair, pattern(6));
  expect(pair.wire.lines).toEqual([
    'romeo: session-initiate',
    'juliet: session-initiate taken',
    'juliet: session-accept',
    'romeo: session-accept taken',
    'romeo: open 4',
    'juliet: open 4 taken',
    'romeo: data 0',
    'romeo: data 1',
    'juliet: data 0 taken',
    'juliet: data 1 taken',
    'juliet: session-info received',
    'romeo: close',
    'romeo: session-info received taken',
    'romeo: session-terminate success',
    'juliet: close taken',
    'juliet: session-terminate success taken',
  ]);
});
