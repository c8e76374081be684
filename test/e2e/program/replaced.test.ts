import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startProsody } from '../../support/servers/prosody.js';
import { firstResults, hashOfFile, prepareStageOn, resultsOf, writeRandom } from '../stage.js';
import { ROOT } from './installed.js';

const stage = prepareStageOn(() => startProsody({ uploads: { maxSize: 1_000_000 } }));

/** The built program in a folder of its own, where another version can take its place. */
async function install(): Promise<string> {
  const folder = stage.folder();
  for (const part of ['bin', 'dist', 'package.json']) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  return folder;
}

/** What another version has under the same names is nothing that this one could go on with. */
async function replace(folder: string): Promise<void> {
  const dist = join(folder, 'dist');
  const names = await readdir(dist);
  await rm(dist, { recursive: true });
  await mkdir(dist);
  for (const name of names) await writeFile(join(dist, name), 'throw new Error("too late");\n');
}

const random = async (): Promise<string> => {
  const path = join(stage.folder(), 'letter');
  await writeRandom(path, 300_000);
  return path;
};

test('a daemon whose program is replaced takes files beside the stream, in it, and by links (R1180)', async () => {
  const program = await install();
  const host = `localhost:${stage.server.httpsPort}`;
  const bob = await stage.receive('bob', ['--links', 'contacts', '--links-host', host], {
    launcher: join(program, 'bin/inband.js'),
  });
  await replace(program);
  // What is not sealed goes first: none is sent so once the key is known.
  const sendings = [
    ['--encrypt', 'off', '--transport', 'ibb'],
    ['--encrypt', 'off', '--via', 'si'],
    ['--encrypt', 'off', '--via', 'http'],
    ['--direct', 'contacts'],
  ];
  for (const [index, flags] of sendings.entries()) {
    const path = await random();
    await resultsOf(stage.inband('alice', ['send', ...flags, path, 'bob@localhost']));
    const got = await firstResults(bob, index + 1);
    expect(await hashOfFile(got[index] as string)).toBe(await hashOfFile(path));
  }
});
