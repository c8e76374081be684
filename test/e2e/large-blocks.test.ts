import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { hashOfFile, outcomeOf, prepareStage, writeRandom } from './stage.js';

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
      /^inband: nothing arrived in blocks of 65535 bytes.* the next ones have 4096$/m,
    );
    expect(sent).toMatchObject({ code: 0 });
    expect(await outcomeOf(receiving)).toMatchObject({ code: 0 });
    expect(await hashOfFile(join(receiving.folder, 'letter'))).toBe(await hashOfFile(file));
  },
);
