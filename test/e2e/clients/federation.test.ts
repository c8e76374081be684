import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { startProsody } from '../../support/servers/prosody.js';
import {
  type Actor,
  firstResults,
  hashOfFile,
  outcomeOf,
  prepareStageOn,
  resultsOf,
  writeRandom,
} from '../stage.js';

// Other systems than Linux have one loopback address.
const onManyAddresses = process.platform === 'linux' ? describe : describe.skip;

onManyAddresses('between accounts on two servers', () => {
  const near = prepareStageOn(() => startProsody({ federated: true }));
  const far = prepareStageOn(() => startProsody({ federated: true }));
  let source: string;
  let hash: string;
  beforeEach(async () => {
    source = join(near.folder(), 'film.mkv');
    hash = await writeRandom(source, 3_000_000);
  });

  const send = (to: string, ...args: string[]) =>
    near.inband('alice', ['send', source, to, ...args]);
  const receive = (...args: string[]) =>
    far.receive('bob', ['--allow', near.server.domain, ...args]);

  async function expectArrived(sent: Actor, bob: Actor): Promise<void> {
    expect(await outcomeOf(sent)).toMatchObject({ code: 0 });
    const [path = ''] = await firstResults(bob, 1);
    expect(await hashOfFile(path)).toBe(hash);
  }

  test.each([
    ['in iqs', []],
    ['in messages', ['--stanza', 'message']],
    ['as a bare bytestream', ['--via', 'ibb', '--encrypt', 'off']],
  ])('a file arrives %s', async (_, how) => {
    const bob = await receive('--verbose');
    await expectArrived(send(`bob@${far.server.domain}/inband`, ...how), bob);
  });

  test('a bare JID is enough, under whatever resource', async () => {
    const desk = `bob@${far.server.domain}/desk`;
    const bob = await receive('-a', desk);
    await expectArrived(send(`bob@${far.server.domain}`), bob);
  });

  test('who is of a domain that is not let in finds nobody', async () => {
    await far.receive('bob', ['--allow', far.server.domain]);
    expect(await outcomeOf(send(`bob@${far.server.domain}`))).toMatchObject({ code: 5 });
  });

  test('a file goes on when the server of its recipient was killed', async () => {
    const bob = await receive('--verbose');
    const sent = send(`bob@${far.server.domain}`, '--window', '1');
    await bob.line(/^receiving film\.mkv /, 'stderr');
    await far.server.restart('SIGKILL');
    await sent.line(/(trying again|next try in \d+ s)$/, 'stderr');
    await expectArrived(sent, bob);
  });

  test('a blob is fetched', async () => {
    const picture = join(far.folder(), 'picture.png');
    await writeFile(picture, 'picture');
    const [cid = ''] = await resultsOf(far.inband('bob', ['publish', picture]));
    await receive();
    const from = ['--from', `bob@${far.server.domain}`];
    const [path = ''] = await resultsOf(near.inband('alice', ['fetch', cid, ...from]));
    expect(await readFile(path, 'utf8')).toBe('picture');
  });
});
