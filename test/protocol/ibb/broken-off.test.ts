import { describe, expect, test } from '@jest/globals';
import { ChannelBroken } from '../../../src/protocol/channel.js';
import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { settled } from '../../support/manual-clock.js';
import { errorOf, pairOfBytestreams, pattern, readAll, watch } from './bytestreams.js';

describe('a bytestream that is broken off', () => {
  test('by its sender is an error to the recipient, not the end', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4 });
    const end = watch(hers, 'end');
    const read = readAll(hers);
    his.write('12345678');
    await settled();
    his.destroy();
    await expect(read).rejects.toThrow(/unexpected-request/);
    await settled();
    expect(end.count).toBe(0);
    expect(wire.find(/^romeo: (data \d+|close)$/)).toEqual([
      'romeo: data 0',
      'romeo: data 1',
      `romeo: data ${2 + 32_768}`,
    ]);
  });

  // A close followed at once, and the recipient took what had come for the whole.
  test('by a server that sends a block back is an error to the recipient, not the end', async () => {
    let answer: (stanza: Element) => void = () => undefined;
    const { his, hers, sessions } = await pairOfBytestreams({
      blockSize: 4,
      intercept: (stanza, deliver) => {
        const isBounced = stanza.getChild('data', NS_IBB)?.attrs.seq === '1';
        if (isBounced) answer(stanza);
        else deliver(stanza);
      },
    });
    answer = ({ attrs: { id, to } }) => {
      const error = new StanzaError('cancel', 'remote-server-not-found').toElement();
      sessions[0].receive(xml('iq', { type: 'error', id, from: to }, error));
    };
    const end = watch(hers, 'end');
    const read = readAll(hers);
    const error = errorOf(his);
    his.end('12345678');
    expect(await error).toMatchObject({ cause: { condition: 'remote-server-not-found' } });
    await expect(read).rejects.toThrow(/unexpected-request/);
    expect(end.count).toBe(0);
  });

  test('before the first block is an error too', async () => {
    const { his, hers } = await pairOfBytestreams();
    his.destroy();
    await expect(readAll(hers)).rejects.toThrow(/unexpected-request/);
  });

  test('by its sender, with blocks unread, brings none of them', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ window: 8, blockSize: 4 });
    his.write(pattern(16));
    await settled();
    his.destroy();
    await settled();
    expect(hers.errored?.message).toContain('unexpected-request');
    expect(wire.find(/taken/)).toEqual([]);
  });

  test('by its sender because of an error does not tell the recipient which', async () => {
    const texts: string[] = [];
    const { his, hers } = await pairOfBytestreams({
      intercept: (stanza, deliver) => {
        texts.push(stanza.toString());
        deliver(stanza);
      },
    });
    const error = errorOf(his);
    his.destroy(new Error('secret'));
    expect((await error).message).toBe('secret');
    await expect(readAll(hers)).rejects.toThrow();
    expect(texts.join('')).not.toContain('secret');
  });

  test('by its sender, when the recipient has no room, is an error all the same', async () => {
    const blockSize = 65_535;
    const { his, hers, wire } = await pairOfBytestreams({ window: 36, blockSize });
    his.write(Buffer.alloc(36 * blockSize));
    await settled();
    expect(wire.find(/wait$/)).toHaveLength(3);
    his.destroy();
    const error = errorOf(hers);
    hers.resume();
    await settled();
    // Without it, her side would stay open for ever.
    expect(hers.destroyed).toBe(true);
    expect((await error).message).toContain('unexpected-request');
  });

  test('by its recipient is an error to the sender, and the block that waits is refused', async () => {
    const { his, hers, wire } = await pairOfBytestreams({ blockSize: 4 });
    const error = errorOf(his);
    his.write('123456');
    await settled();
    hers.destroy();
    expect(await error).toBeInstanceOf(ChannelBroken);
    expect(await error).toMatchObject({ unsent: 6 });
    expect(wire.find(/data 0/)).toEqual([
      'romeo: data 0',
      'juliet: data 0 refused, not-acceptable/cancel',
    ]);
  });

  test('by its recipient is an error to the sender, though no block waits', async () => {
    const { his, hers } = await pairOfBytestreams();
    const error = errorOf(his);
    hers.destroy();
    expect(await error).toBeInstanceOf(ChannelBroken);
    expect(await error).toMatchObject({ unsent: 0 });
  });

  test('by a recipient whose disk is full does not tell the sender so', async () => {
    const { his, hers } = await pairOfBytestreams();
    const error = errorOf(his);
    const hersError = errorOf(hers);
    his.write('1');
    await settled();
    hers.destroy(new Error('ENOSPC: no space left on /srv/secret'));
    expect((await hersError).message).toContain('ENOSPC');
    expect((await error).message).not.toContain('secret');
  });

  test('by its recipient in the middle of reading is an error to the sender', async () => {
    const { his, hers } = await pairOfBytestreams({ blockSize: 4 });
    his.end(pattern(40));
    const error = errorOf(his);
    for await (const _bytes of hers) break; // which destroys it
    expect(await error).toBeInstanceOf(ChannelBroken);
  });

  test('after its end says nothing any more', async () => {
    const { his, hers, wire } = await pairOfBytestreams();
    his.resume().end();
    await readAll(hers);
    await settled();
    his.destroy();
    hers.destroy();
    await settled();
    expect(wire.lines).toEqual(['romeo: close', 'juliet: close taken']);
  });

  test('while it closes sends no more', async () => {
    const { his, wire } = await pairOfBytestreams();
    his.end();
    await settled();
    his.destroy();
    await settled();
    expect(wire.find(/^romeo/)).toEqual(['romeo: close']);
  });
});

describe('when the session ends', () => {
  test('the bytestream ends with its error, and nothing more is sent', async () => {
    const { his, wire, sessions } = await pairOfBytestreams({ window: 2, blockSize: 4 });
    const lost = new ConnectionLost('cut');
    const error = errorOf(his);
    his.write(pattern(40));
    await settled();
    const count = wire.lines.length;
    sessions[0].end(lost);
    expect(await error).toBe(lost);
    await settled();
    expect(wire.lines).toHaveLength(count);
  });

  test('a reader gets the error, not the end', async () => {
    const { his, hers, sessions } = await pairOfBytestreams({ blockSize: 4 });
    const lost = new ConnectionLost('cut');
    his.write('12345678');
    const read = readAll(hers);
    await settled();
    sessions[1].end(lost);
    await expect(read).rejects.toBe(lost);
  });

  test('a close that waits for its answer is not taken for acknowledged', async () => {
    const { his, sessions } = await pairOfBytestreams();
    const finish = watch(his, 'finish');
    const error = errorOf(his);
    his.end();
    await settled();
    const lost = new ConnectionLost('cut');
    sessions[0].end(lost);
    expect(await error).toBe(lost);
    expect(finish.count).toBe(0);
  });

  test('a close that was received and not answered is no end either', async () => {
    const { his, hers, sessions } = await pairOfBytestreams({ halfOpen: true });
    his.end('all of it');
    expect(await readAll(hers)).toEqual(Buffer.from('all of it'));
    const error = errorOf(hers);
    const lost = new ConnectionLost('cut');
    sessions[1].end(lost);
    expect(await error).toBe(lost);
  });
});
