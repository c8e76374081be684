import { expect, test } from '@jest/globals';
import { outcomeOf, prepareStage } from '../stage.js';

const stage = prepareStage();

test('whoever looks after a daemon hears without a login whether it lives (R761)', async () => {
  const bob = await stage.receive('bob');
  const ask = () => outcomeOf(stage.inband('bob', ['received', '--dir', bob.folder, '--health']));
  expect(await ask()).toEqual({ code: 0, stdout: '', stderr: '' });
  await bob.stop('SIGKILL');
  expect(await ask()).toMatchObject({
    ...{ code: 10, stdout: '', stderr: expect.stringContaining('nobody receives into ') },
  });
});
