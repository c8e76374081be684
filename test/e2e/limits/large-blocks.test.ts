import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { filesIn, hashOfFile, outcomeOf, prepareStage, writeRandom } from '../stage.js';

// It says nothing of its limit, and ends the stream of who exceeds it.
const stage = prepareStage({ config: 'c2s_stanza_size_limit = 20000' });

test.each(['iq', 'message'])(
  'a file in blocks too large for the server, in stanzas of kind %s, arrives in smaller ones (R76)',
  async (stanza) => {
    const file = join(stage.folder(), 'letter');
    await writeRandom(file, 200_000);
    const receiving = await stage.receive('bob', ['--once']);
    const flags = ['--stanza', stanza, '--block-size', '65535'];
    const sent = await outcomeOf(stage.inband('alice', ['send', ...flags, file, 'bob@localhost']));
    expect(sent.stderr).toMatch(
      /^warning: nothing arrived in blocks of \d{5} bytes.* the next ones have 4096$/m,
    );
    expect(sent).toMatchObject({ code: 0 });
    expect(await outcomeOf(receiving)).toMatchObject({ code: 0 });
    expect(await hashOfFile(join(receiving.folder, 'letter'))).toBe(await hashOfFile(file));
  },
);

describe('a server that ends the stream over 20,000 bytes, and does not say so', () => {
  test.each([
    ['jingle', 'iq'],
    ['jingle', 'message'],
    ['si', 'iq', '--encrypt', 'off'],
    ['ibb', 'iq', '--encrypt', 'off'],
  ])(
    'gets a file by %s in stanzas of kind %s, in blocks that it takes (R164)',
    async (via, stanza, ...how) => {
      const file = join(stage.folder(), 'atlas');
      await writeRandom(file, 20_000_000);
      const receiving = await stage.receive('bob', ['--once']);
      const flags = ['--via', via, '--stanza', stanza, '--retry-for', '0', ...how];
      const sent = await outcomeOf(
        stage.inband('alice', ['send', ...flags, file, 'bob@localhost']),
      );
      expect(sent.stderr).toMatch(/nothing arrived in blocks of \d{5} bytes/);
      expect(sent).toMatchObject({ code: 0 });
      expect(await outcomeOf(receiving)).toMatchObject({ code: 0 });
      const [name = ''] = filesIn(receiving.folder).filter((one) => !one.startsWith('.'));
      expect(await hashOfFile(join(receiving.folder, name))).toBe(await hashOfFile(file));
    },
  );

  test('gets what can be read only once in blocks that it takes (R164)', async () => {
    const receiving = await stage.receive('bob', ['--once']);
    const bytes = randomBytes(8_000_000);
    const sending = stage.inband('alice', ['send', '-', 'bob@localhost'], { stdin: bytes });
    expect(await outcomeOf(sending)).toMatchObject({ code: 0 });
    expect(await outcomeOf(receiving)).toMatchObject({ code: 0 });
  });
});
