import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { outcomeOf, prepareStage, writeRandom } from '../stage.js';

const stage = prepareStage();

// By SI and Jingle a file that is too large is refused before its first byte.
test.each(['iq', 'message'])(
  'a recipient that takes no more of a stream in stanzas of the kind %s is not asked again and again (R113)',
  async (stanza) => {
    await stage.receive('bob', ['--max-size', '50000']);
    const source = join(stage.folder(), 'long');
    await writeRandom(source, 300_000);
    const flags = ['--via', 'ibb', '--encrypt', 'off', '--stanza', stanza];
    const args = ['send', ...flags, source, 'bob@localhost/inband'];
    const { code, stderr } = await outcomeOf(stage.inband('alice', args));
    expect(stderr).toMatch(
      / takes \d+ bytes of the file and breaks it off there each time \(.*\): it may be too large, or the disk full/,
    );
    expect(code).toBe(6);
    expect(stderr.match(/trying again|next try/g)?.length).toBeLessThan(4);
  },
  60_000,
);
