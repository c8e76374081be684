import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { InBandBytestreams } from '../../../../src/protocol/ibb/in-band-bytestreams.js';
import * as stanzas from '../../../../src/protocol/ibb/stanzas.js';
import { StanzaError, type StanzaErrorType } from '../../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../../src/session/stanza-session.js';
import { JULIET, linkedSessions, ROMEO } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';
import {
  acceptedBy,
  data,
  opensToScript,
  pairOfBytestreams,
  pairOfServices,
  pattern,
  readAll,
} from '../bytestreams.js';

describe('opening a bytestream', () => {
  test('asks for blocks of up to 48,000 bytes in iqs, under a sid that nobody can guess', async () => {
    const { open, opens } = opensToScript(() => undefined);
    const [one, two] = await Promise.all([open(), open()]);
    expect(opens[0]).toEqual({ sid: one?.sid, blockSize: 48_000, stanza: 'iq' });
    expect(one?.sid).toMatch(/^[0-9a-f]{32}$/);
    expect(two?.sid).not.toBe(one?.sid);
    expect(one).toMatchObject({ peer: JULIET, blockSize: 48_000, stanza: 'iq' });
  });

  test('asks for what it is told', async () => {
    const { open, opens } = opensToScript(() => undefined);
    const stream = await open({ sid: 'i781hf64', blockSize: 1, stanza: 'message' });
    expect(opens).toEqual([{ sid: 'i781hf64', blockSize: 1, stanza: 'message' }]);
    expect(stream).toMatchObject({ sid: 'i781hf64', blockSize: 1, stanza: 'message' });
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'does not ask for blocks of %s bytes',
    async (blockSize) => {
      const { open, opens } = opensToScript(() => undefined);
      await expect(open({ blockSize })).rejects.toThrow(RangeError);
      expect(opens).toEqual([]);
    },
  );

  test.each([1, 65_535])('may ask for blocks of %s bytes', async (blockSize) => {
    const { open } = opensToScript(() => undefined);
    expect((await open({ blockSize })).blockSize).toBe(blockSize);
  });

  test('under a sid that is in use is refused, and the first one goes on', async () => {
    const { romeo, his, hers } = await pairOfBytestreams();
    await expect(romeo.open(JULIET, { sid: 's1' })).rejects.toThrow('in use');
    his.resume().end('x');
    expect(await readAll(hers)).toEqual(Buffer.from('x'));
  });

  test('again under a sid that was refused asks again, and what is open then stays so', async () => {
    const { open, opens, juliet } = opensToScript((_open, index) =>
      index === 0 ? new StanzaError('cancel', 'not-acceptable') : undefined,
    );
    const stream = await open({ sid: 's1' }).catch((error) => {
      expect(error).toMatchObject({ condition: 'not-acceptable' });
      return open({ sid: 's1' }); // at once
    });
    expect(opens).toHaveLength(2);
    await settled();
    stream.resume();
    const answer = juliet.request('set', ROMEO, data(0, 'here'), { timeout: 1000 });
    await expect(answer).resolves.toMatchObject({ attrs: { type: 'result' } });
    expect(stream.bytesReceived).toBe(4);
  });

  test('lets the peer send as soon as it has said yes', async () => {
    const [romeo, juliet] = linkedSessions();
    const service = new InBandBytestreams(romeo);
    juliet.handle('set', stanzas.NS_IBB, 'open', () => {
      void juliet.request('set', ROMEO, data(0, 'early'));
      return undefined;
    });
    const stream = await service.open(JULIET, { sid: 's1' });
    const [bytes] = await once(stream, 'data');
    expect(bytes).toEqual(Buffer.from('early'));
  });

  describe('with blocks too large for the peer', () => {
    const tooLarge = (type: 'modify' | 'cancel' | 'wait', limit: number) => (open: stanzas.Open) =>
      open.blockSize > limit ? new StanzaError(type, 'resource-constraint') : undefined;

    test.each(['modify', 'cancel'] as const)(
      'asks for half of it, whatever the type of the error: %s (R34)',
      async (type) => {
        const { open, opens } = opensToScript(tooLarge(type, 1024));
        expect((await open({ blockSize: 4096 })).blockSize).toBe(1024);
        expect(opens.map(({ blockSize }) => blockSize)).toEqual([4096, 2048, 1024]);
        expect(new Set(opens.map(({ sid }) => sid)).size).toBe(3);
      },
    );

    test('asks a peer that is busy for no smaller one (R89)', async () => {
      const { open, opens } = opensToScript(tooLarge('wait', 600));
      await expect(open({ blockSize: 5000 })).rejects.toMatchObject({ type: 'wait' });
      expect(opens).toHaveLength(1);
    });

    test('goes down to powers of two', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 600));
      await open({ blockSize: 5000 });
      expect(opens.map(({ blockSize }) => blockSize)).toEqual([5000, 4096, 2048, 1024, 512]);
    });

    test('does not go below 512', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 0));
      const refusal = { condition: 'resource-constraint', type: 'modify' };
      await expect(open({ blockSize: 65_535 })).rejects.toMatchObject(refusal);
      expect(opens.map(({ blockSize }) => blockSize)).toEqual([
        65_535, 32_768, 16_384, 8192, 4096, 2048, 1024, 512,
      ]);
      await expect(open({ blockSize: 513 })).rejects.toMatchObject(refusal);
      expect(opens.slice(8).map(({ blockSize }) => blockSize)).toEqual([513, 512]);
      await expect(open({ blockSize: 100 })).rejects.toMatchObject(refusal);
      expect(opens.slice(10).map(({ blockSize }) => blockSize)).toEqual([100]);
    });

    test('asks once under a sid and a size that were agreed on elsewhere', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 1024));
      await expect(open({ sid: 's1', blockSize: 4096 })).rejects.toMatchObject({
        condition: 'resource-constraint',
      });
      expect(opens).toHaveLength(1);
    });

    test('asks again under that sid where only the sid was agreed on', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 1024));
      const asked = { sid: 's1', blockSize: 4096, fixedBlockSize: false };
      expect((await open(asked)).blockSize).toBe(1024);
      expect(opens.map(({ sid }) => sid)).toEqual(['s1', 's1', 's1']);
    });

    test('asks once where the block size alone was agreed on', async () => {
      const { open, opens } = opensToScript(tooLarge('modify', 1024));
      const opened = open({ fixedBlockSize: true });
      await expect(opened).rejects.toMatchObject({ condition: 'resource-constraint' });
      expect(opens).toHaveLength(1);
    });

    test('sends blocks of the size that was accepted', async () => {
      const { romeo, juliet, wire } = pairOfServices({ maxBlockSize: 1000 });
      const accepted = acceptedBy(juliet);
      const his = await romeo.open(JULIET, { blockSize: 4096 });
      his.resume().end(pattern(1024));
      expect(await readAll(await accepted)).toEqual(pattern(1024));
      expect(wire.find(/^romeo: (open|data)[ \d]+$/)).toEqual([
        'romeo: open 4096',
        'romeo: open 2048',
        'romeo: open 1024',
        'romeo: open 512',
        'romeo: data 0',
        'romeo: data 1',
      ]);
    });
  });

  test.each([
    ['cancel', 'service-unavailable'],
    ['cancel', 'not-acceptable'],
    ['cancel', 'feature-not-implemented'],
    ['modify', 'bad-request'],
    ['wait', 'recipient-unavailable'],
  ] as const)('that is refused with %s/%s is not tried again', async (type, condition) => {
    const { open, opens } = opensToScript(() => new StanzaError(type, condition));
    await expect(open({ blockSize: 8192 })).rejects.toMatchObject({ type, condition });
    expect(opens).toHaveLength(1);
  });

  describe('with a block size that we have chosen', () => {
    const answered = (type: StanzaErrorType, condition: string) =>
      opensToScript(({ blockSize }) =>
        blockSize > 4096 ? new StanzaError(type, condition) : undefined,
      );

    test.each([
      ['cancel', 'service-unavailable'],
      ['cancel', 'undefined-condition'],
      ['cancel', 'internal-server-error'],
      ['modify', 'bad-request'],
      ['wait', 'resource-constraint'],
    ] as const)('is followed by one of 4096 after %s/%s (R160)', async (type, condition) => {
      const { open, opens } = answered(type, condition);
      expect((await open()).blockSize).toBe(4096);
      expect(opens.map(({ blockSize }) => blockSize)).toEqual([48_000, 4096]);
    });

    test.each(['forbidden', 'not-acceptable', 'not-allowed'])(
      'is followed by none after the "no" of a person: %s (R160)',
      async (condition) => {
        const { open, opens } = answered('cancel', condition);
        await expect(open()).rejects.toMatchObject({ condition });
        expect(opens).toHaveLength(1);
      },
    );

    test('is followed by one of 4096 after a "no" to what was announced (R160)', async () => {
      const { open, opens } = answered('cancel', 'not-acceptable');
      expect((await open({ sid: 's1' })).blockSize).toBe(4096);
      expect(opens.map(({ sid }) => sid)).toEqual(['s1', 's1']);
    });

    test('is followed by one of 4096 alone (R160)', async () => {
      const { open, opens } = opensToScript(() => new StanzaError('cancel', 'bad-request'));
      await expect(open()).rejects.toMatchObject({ condition: 'bad-request' });
      expect(opens.map(({ blockSize }) => blockSize)).toEqual([48_000, 4096]);
    });

    test('is halved where that is what is too large, as slixmpp says', async () => {
      const { open, opens } = opensToScript(({ blockSize }) =>
        blockSize > 8192 ? new StanzaError('cancel', 'resource-constraint') : undefined,
      );
      expect((await open()).blockSize).toBe(8192);
      expect(opens.map(({ blockSize }) => blockSize)).toEqual([48_000, 32_768, 16_384, 8192]);
    });
  });

  test('that is refused leaves no bytestream behind', async () => {
    const { open, juliet, registry } = opensToScript(() => new StanzaError('cancel', 'conflict'));
    const run: unknown[] = [];
    registry.register((_jid, sid) => void run.push(['set', sid]), 'ibb', 'set_stream');
    await expect(open({ sid: 's1' })).rejects.toThrow();
    await settled();
    const late = juliet.request('set', ROMEO, data(0, 'late'), { timeout: 1000 });
    await expect(late).rejects.toMatchObject({ condition: 'item-not-found' });
    expect(run).toEqual([]);
  });

  test('ends when the session does', async () => {
    const { open, romeo } = opensToScript(() => undefined);
    const opening = open();
    const lost = new ConnectionLost('cut');
    romeo.end(lost);
    await expect(opening).rejects.toBe(lost);
  });

  describe('that the caller gives up', () => {
    /** Juliet accepts, but her answer is on its way for ever. */
    async function acceptedUnheard() {
      const { romeo, juliet } = pairOfServices({
        intercept: (stanza, deliver) => {
          if (stanza.attrs.type !== 'result') deliver(stanza);
        },
      });
      return { romeo, accepted: acceptedBy(juliet) };
    }

    test('rejects with the reason of the signal', async () => {
      const { romeo } = await acceptedUnheard();
      const giveUp = new AbortController();
      const opening = romeo.open(JULIET, { signal: giveUp.signal });
      giveUp.abort(new Error('interrupted'));
      await expect(opening).rejects.toThrow('interrupted');
    });

    test('is broken off at the peer, who may have accepted it', async () => {
      const { romeo, accepted } = await acceptedUnheard();
      const giveUp = new AbortController();
      const opening = romeo.open(JULIET, { signal: giveUp.signal });
      const hers = await accepted;
      giveUp.abort(new Error('interrupted'));
      await expect(opening).rejects.toThrow('interrupted');
      await settled();
      // An end would be taken for that of an empty file.
      expect(hers.errored?.message).toContain('unexpected-request');
    });

    test('is not asked for by one whose signal is aborted already', async () => {
      const { open, opens } = opensToScript(() => undefined);
      const opening = open({ signal: AbortSignal.abort(new Error('interrupted')) });
      await expect(opening).rejects.toThrow('interrupted');
      await settled();
      expect(opens).toEqual([]);
    });

    test('leaves a bytestream alone that is open already', async () => {
      const giveUp = new AbortController();
      const { his, hers } = await pairOfBytestreams({}, { signal: giveUp.signal });
      giveUp.abort(new Error('interrupted'));
      his.resume().end('x');
      expect(await readAll(hers)).toEqual(Buffer.from('x'));
    });
  });
});
