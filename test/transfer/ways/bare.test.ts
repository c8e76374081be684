import { describe, expect, test } from '@jest/globals';
import { ChannelBroken } from '../../../src/protocol/channel.js';
import { RecipientRefused } from '../../../src/transfer/recipient-errors.js';
import { offerBare } from '../../../src/transfer/ways/bare.js';
import { acceptedBy, pairOfServices, readAll, takeAll } from '../../protocol/ibb/bytestreams.js';
import { JULIET } from '../../support/linked-sessions.js';

const FILE = { name: 'letter.txt', size: 6 };
const TO_JULIET = { peer: JULIET, ways: [] };
const { signal } = new AbortController();

describe('a bare bytestream', () => {
  test('is unverified when the recipient has acknowledged its end', async () => {
    const { romeo, juliet } = pairOfServices();
    const hers = acceptedBy(juliet);
    const { channel, range, confirmed } = await offerBare(romeo)(TO_JULIET, FILE, { signal });
    expect(range).toEqual({ offset: 0 });
    const isOver = new Promise<void>((resolve) => channel.end('letter', resolve));
    expect(await takeAll(await hers)).toEqual(Buffer.from('letter'));
    await isOver;
    expect(await confirmed()).toBe('unverified');
  });

  test('is broken off when the recipient closes first', async () => {
    const { romeo, juliet } = pairOfServices();
    const hers = acceptedBy(juliet);
    const { channel, confirmed } = await offerBare(romeo)(TO_JULIET, FILE, { signal });
    (await hers).resume().end();
    await new Promise((resolve) => channel.once('close', resolve));
    await expect(confirmed()).rejects.toThrow(ChannelBroken);
  });

  test('is cancelled in a way that is no end', async () => {
    const { romeo, juliet } = pairOfServices();
    const hers = acceptedBy(juliet);
    const { cancel } = await offerBare(romeo)(TO_JULIET, FILE, { signal });
    await cancel();
    await expect(readAll(await hers)).rejects.toThrow(ChannelBroken);
  });

  test('is refused in words for its sender', async () => {
    const { romeo } = pairOfServices({ sessionLimit: 0 });
    await expect(offerBare(romeo)(TO_JULIET, FILE, { signal })).rejects.toThrow(RecipientRefused);
  });
});
