import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));
const MUTATIONS = 20_000;

// A process of its own: Jest would swallow what nobody handles. What fails tells the seed that does it again.
test(`${MUTATIONS} mutated stanzas neither stumble the daemon nor take a place of it away (R9)`, async () => {
  const args = ['--import', 'tsx', RUN, String(MUTATIONS)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    timeout: 300_000,
  });
  expect(stdout).toContain(`${MUTATIONS} mutations`);
  expect(stderr).toBe('');
});
