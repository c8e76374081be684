import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Actor,
  eventsOf,
  hashOfFile,
  outcomeOf,
  pastCheckpoint,
  prepareStage,
  writeRandom,
} from '../stage.js';

const BOB = 'bob@localhost';
const BYTES = 1_000_000;
/** At this rate it is cut long before its end. */
const SLOWLY = ['--limit-rate', '100k'];

const stage = prepareStage();
let source: string;
let inbox: string;
let hash: string;
beforeEach(async () => {
  source = join(stage.folder(), 'film.mkv');
  inbox = stage.folder();
  hash = await writeRandom(source, BYTES);
});

const receive = (...args: string[]) =>
  stage.receive('bob', ['--json', '--dir', inbox, '--allow', 'anyone', ...args]);

const send = (name = 'alice', ...args: string[]) =>
  stage.inband(name, ['send', '--json', ...args, source, BOB]);

const offsetsOf = (actor: Actor) =>
  eventsOf(actor.stdout()).flatMap(({ event, offset }) => (event === 'resumed' ? [offset] : []));

async function expectArrived(): Promise<void> {
  const names = (await readdir(inbox)).filter((name) => name !== '.inband');
  expect(names).toEqual(['film.mkv']);
  expect(await hashOfFile(join(inbox, 'film.mkv'))).toBe(hash);
}

describe('a file whose transfer was cut', () => {
  test('goes on by itself when the daemon was killed and is there again (R28)', async () => {
    const killed = await receive(...SLOWLY);
    const alice = send();
    await pastCheckpoint(inbox);
    await killed.stop('SIGKILL');
    const bob = await receive();
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    const offsets = offsetsOf(alice);
    expect(offsets).toEqual([expect.any(Number)]);
    expect(offsets[0]).toBeGreaterThan(0);
    await bob.line(/^\{"event":"done"/);
    expect(offsetsOf(bob)).toEqual(offsets);
    await expectArrived();
    const starts = eventsOf(alice.stdout()).filter(({ event }) => event === 'start');
    expect(starts).toHaveLength(1);
  });

  // By the MD5 that is offered, the only hash of SI.
  test('goes on by itself by SI too (R71)', async () => {
    const killed = await receive(...SLOWLY);
    const alice = send('alice', '--via', 'si', '--encrypt', 'off');
    await pastCheckpoint(inbox);
    await killed.stop('SIGKILL');
    await receive();
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(offsetsOf(alice)[0]).toBeGreaterThan(0);
    await expectArrived();
  });

  test('goes on by itself when the daemon was ended and is there again', async () => {
    const ended = await receive(...SLOWLY);
    const alice = send();
    await pastCheckpoint(inbox);
    await ended.stop('SIGTERM');
    await receive();
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(offsetsOf(alice)[0]).toBeGreaterThan(0);
    await expectArrived();
  });

  test.each([
    ['SIGKILL', 'auto'],
    ['SIGKILL', 'off'],
    ['SIGINT', 'auto'],
  ] as const)(
    'goes on when the sender was ended by %s and the command is run again, --encrypt %s (R28, R770)',
    async (signal, encrypt) => {
      const bob = await receive();
      const ended = send('alice', '--encrypt', encrypt, ...SLOWLY);
      await pastCheckpoint(inbox);
      await ended.stop(signal);
      const again = send('alice', '--encrypt', encrypt);
      expect(await outcomeOf(again)).toMatchObject({ code: 0 });
      // At the first try: the transfer of before has given way.
      expect(offsetsOf(again)).toEqual([expect.any(Number)]);
      expect(offsetsOf(again)[0]).toBeGreaterThan(0);
      expect(again.stdout()).not.toContain('busy');
      if (signal === 'SIGKILL') expect(bob.stdout()).toContain('its sender has begun anew');
      await expectArrived();
    },
  );

  test('goes on when the server was killed (R38)', async () => {
    await receive('--limit-rate', '150k');
    const alice = send();
    await pastCheckpoint(inbox);
    await stage.server.restart('SIGKILL');
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    expect(offsetsOf(alice)[0]).toBeGreaterThan(0);
    await expectArrived();
  });

  test('comes whole where what was kept of it has changed (R29)', async () => {
    const killed = await receive(...SLOWLY);
    const alice = send();
    await pastCheckpoint(inbox);
    await killed.stop('SIGKILL');
    const [part = ''] = (await readdir(join(inbox, '.inband'))).filter((name) =>
      /part$/.test(name),
    );
    const handle = await open(join(inbox, '.inband', part), 'r+');
    await handle.write(Buffer.from('not what was sent'), 0, 17, 1_000);
    await handle.close();
    await receive();
    expect(await outcomeOf(alice)).toMatchObject({ code: 0 });
    // What is kept is read again when its sender is proven, and not before.
    expect(offsetsOf(alice).at(-1)).toBe(0);
    await expectArrived();
  });

  test('is another file when another person offers it (R29)', async () => {
    await receive();
    const alice = send('alice', ...SLOWLY);
    await pastCheckpoint(inbox);
    await alice.stop('SIGINT');
    const mallory = send('mallory');
    expect(await outcomeOf(mallory)).toMatchObject({ code: 0 });
    expect(offsetsOf(mallory)).toEqual([]);
    await expectArrived();
  });

  test('is given up after --retry-for without progress', async () => {
    const ended = await receive(...SLOWLY);
    const alice = send('alice', '--retry-for', '2');
    await pastCheckpoint(inbox);
    await ended.stop('SIGTERM');
    expect(await outcomeOf(alice)).toMatchObject({ code: 7 });
  });
});
