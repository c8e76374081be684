import { expect, test } from '@jest/globals';
import { bytestreamToScript, errorOf, pairOfBytestreams, unattended } from './bytestreams.js';

const TEN_MINUTES = 600_000;

test('a sender does not miss acknowledgements while its session is resumed (R27)', async () => {
  const { clock, romeo, stream } = await bytestreamToScript(() => 'silence');
  const failed = errorOf(unattended(stream));
  stream.write(Buffer.from('ab'));
  await clock.advance(60_000);
  romeo.suspend();
  await clock.advance(TEN_MINUTES);
  expect(stream.destroyed).toBe(false);
  romeo.resume();
  await clock.advance(59_000);
  expect(stream.destroyed).toBe(false);
  await clock.advance(1_000);
  expect((await failed).message).toContain('stopped answering');
});

test('a recipient does not look for an idle sender while its session is resumed', async () => {
  const { clock, wire, sessions, hers } = await pairOfBytestreams();
  const [, juliet] = sessions;
  juliet.suspend();
  await clock.advance(TEN_MINUTES);
  expect(wire.lines).toEqual([]);
  juliet.resume();
  await clock.advance(30_000);
  expect(wire.lines).not.toEqual([]);
  expect(hers.destroyed).toBe(false);
});
