import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  type Actor,
  eventsOf,
  filesIn,
  type Outcome,
  outcomeOf,
  prepareStage,
  resultsOf,
} from '../stage.js';

const BOB = 'bob@localhost';
const stage = prepareStage();

async function file(name: string): Promise<string> {
  const path = join(stage.folder(), name);
  await writeFile(path, `the bytes of ${name}`);
  return path;
}

const aliceSends = async (name: string, to: string): Promise<Outcome> => {
  const args = ['send', '--json', '--encrypt', 'require', await file(name), to];
  return outcomeOf(stage.inband('alice', args));
};

const doneOf = ({ stdout }: Outcome) => eventsOf(stdout).find(({ event }) => event === 'done');

/** Bob's daemon on a machine, which has a home of its own, under this resource. */
const machine = (resource: string, home: string): Promise<Actor> =>
  stage.receive('bob', ['-a', `${BOB}/${resource}`], { home });

/** The key of an account on a machine. */
const keyOn = async (home: string): Promise<string> => {
  const [key = ''] = await resultsOf(stage.inband('bob', ['key'], { home }));
  return key;
};

/** Alice is told a key, and trusts it. */
const aliceTrusts = async (key: string, label: string): Promise<void> => {
  const args = ['trust', 'add', BOB, '--name', label];
  await resultsOf(stage.inband('alice', args, { stdin: `${key}\n` }));
};

test('two who receive with one key are one to their sender (R655)', async () => {
  const home = stage.folder();
  const both = await Promise.all([machine('desk', home), machine('lap', home)]);
  const key = await keyOn(home);
  for (const [at, resource] of ['desk', 'lap', 'desk'].entries()) {
    const outcome = await aliceSends(`${at}`, `${BOB}/${resource}`);
    expect(outcome).toMatchObject({ code: 0 });
    const trust = at === 0 ? 'first' : 'known';
    expect(doneOf(outcome)).toMatchObject({ encrypted: true, peerKey: key, trust });
  }
  expect(await aliceSends('any', BOB)).toMatchObject({ code: 0 });
  const came = both.flatMap(({ folder }) => filesIn(folder)).sort();
  expect(came).toEqual(['0', '1', '2', 'any']);
});

describe('a second machine with a key of its own', () => {
  test('gets nothing until its key is added, and then both do (R655, R1072, R1074)', async () => {
    const [first, second] = [stage.folder(), stage.folder()];
    const [desk, lap] = await Promise.all([machine('desk', first), machine('lap', second)]);
    expect(await aliceSends('0', `${BOB}/desk`)).toMatchObject({ code: 0 });
    const refused = await aliceSends('1', `${BOB}/lap`);
    expect(refused).toMatchObject({ code: 11 });
    expect(filesIn(lap.folder)).toEqual([]);
    const key = await keyOn(second);
    expect(refused.stderr).toContain(`${BOB} has another key than before: ${key}\n`);
    // No command with the key that came over the wire is offered.
    expect(refused.stdout + refused.stderr).not.toMatch(new RegExp(`inband [^\\n"]*${key}`));
    const probes = () => outcomeOf(stage.inband('alice', ['probe', `${BOB}/lap`]));
    const probed = await probes();
    expect(probed).toMatchObject({ code: 11, stdout: expect.stringContaining('\tCHANGED\t') });
    expect(probed.stderr).toContain(`send refuses ${BOB}/lap: ${BOB} has another key than before`);
    await aliceTrusts(key, 'laptop');
    expect(await probes()).toMatchObject({ code: 0, stdout: expect.stringContaining('\tknown\t') });
    const outcome = await aliceSends('1', `${BOB}/lap`);
    expect(doneOf(outcome)).toMatchObject({ encrypted: true, peerKey: key, trust: 'known' });
    expect(await aliceSends('2', `${BOB}/desk`)).toMatchObject({ code: 0 });
    expect([filesIn(desk.folder), filesIn(lap.folder)]).toEqual([['0', '2'], ['1']]);
  });

  test('that sends is refused until its key is added (R655)', async () => {
    const elsewhere = stage.folder();
    const bob = await stage.receive('bob');
    expect(await aliceSends('0', BOB)).toMatchObject({ code: 0 });
    const sends = async (name: string) => {
      const args = ['send', '--json', await file(name), BOB];
      return outcomeOf(stage.inband('alice', args, { home: elsewhere }));
    };
    expect(await sends('1')).toMatchObject({ code: 11 });
    const [key = ''] = await resultsOf(stage.inband('alice', ['key'], { home: elsewhere }));
    const args = ['trust', 'add', 'alice@localhost', '--name', 'laptop'];
    await resultsOf(stage.inband('bob', args, { stdin: `${key}\n` }));
    expect(doneOf(await sends('1'))).toMatchObject({ encrypted: true });
    expect(filesIn(bob.folder)).toEqual(['0', '1']);
  });

  test('that has imported the key of the first is known at once (R655)', async () => {
    const [first, second] = [stage.folder(), stage.folder()];
    await machine('desk', first);
    expect(await aliceSends('0', `${BOB}/desk`)).toMatchObject({ code: 0 });
    const exported = stage.inband('bob', ['key', 'export'], { home: first });
    const stdin = (await resultsOf(exported)).join();
    await resultsOf(stage.inband('bob', ['key', 'import'], { home: second, stdin }));
    const lap = await machine('lap', second);
    expect(doneOf(await aliceSends('1', `${BOB}/lap`))).toMatchObject({ trust: 'known' });
    expect(filesIn(lap.folder)).toEqual(['1']);
  });
});
