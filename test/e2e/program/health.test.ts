import { expect, test } from '@jest/globals';
import { outcomeOf, prepareStage } from '../stage.js';

const stage = prepareStage();

test('whoever looks after a daemon hears without a login whether it lives (R761)', async () => {
  const bob = await stage.receive('bob');
  const ask = () => outcomeOf(stage.inband('bob', ['received', '--dir', bob.folder, '--health']));
  expect(await ask()).toEqual({ code: 0, stdout: '', stderr: '' });
  const verbose = ['received', '--dir', bob.folder, '--health', '--verbose'];
  expect((await outcomeOf(stage.inband('bob', verbose))).stderr).toContain(
    `somebody receives into ${bob.folder}`,
  );
  await bob.stop('SIGKILL');
  expect(await ask()).toMatchObject({
    ...{
      code: 10,
      stdout: '',
      stderr: expect.stringMatching(
        /^inband: nobody receives into .*\n {2}start "inband receive --dir <path>", or look why it hangs\n$/,
      ),
    },
  });
});
