import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readIn } from '../../support/sealing.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import {
  type Actor,
  eventsOf,
  filesIn,
  firstResults,
  hashOfFile,
  type JsonEvent,
  outcomeOf,
  pastCheckpoint,
  prepareStage,
  prepareStageOn,
  sha256,
} from '../stage.js';

const BOB = 'bob@localhost';
const LETTER = 'a-secret-letter.txt';
const TEXT = Buffer.from('Good night, good night! Parting is such sweet sorrow. '.repeat(20_000));
const BIG = Buffer.concat([TEXT, TEXT, TEXT, TEXT]);

const eventNamed = (events: JsonEvent[], name: string) =>
  events.find(({ event }) => event === name);

describe('on Prosody', () => {
  const stage = prepareStage();

  async function file(name: string, content: Buffer): Promise<string> {
    const path = join(stage.folder(), name);
    await writeFile(path, content);
    return path;
  }

  const sending = (...args: string[]) => stage.inband('alice', ['send', '--json', ...args, BOB]);

  /** Sends, and returns what was told of it. */
  async function sent(...args: string[]): Promise<JsonEvent[]> {
    const outcome = await outcomeOf(sending(...args));
    expect(outcome).toMatchObject({ code: 0 });
    return eventsOf(outcome.stdout);
  }

  /** Sends until some of a big file has arrived, and kills the recipient. */
  async function cutOff(folder: string, path: string, ...args: string[]): Promise<Actor> {
    const bob = await stage.receive('bob', ['--dir', folder, '--json']);
    const alice = sending('--no-compress', '--limit-rate', '1M', ...args, path);
    await pastCheckpoint(folder);
    await bob.stop('SIGKILL');
    return alice;
  }

  test('goes on where the daemon was killed (R373)', async () => {
    const folder = stage.folder();
    const alice = await cutOff(folder, await file(LETTER, BIG));
    const bob = await stage.receive('bob', ['--dir', folder, '--json']);
    const outcome = await outcomeOf(alice);
    expect(outcome).toMatchObject({ code: 0 });
    const events = eventsOf(outcome.stdout);
    expect(eventNamed(events, 'resumed')?.offset).toBeGreaterThan(0);
    expect(eventNamed(events, 'done')).toMatchObject({ encrypted: true, sha256: sha256(BIG) });
    const [, path = ''] = await bob.line(/"event":"done".*"path":"([^"]*)"/);
    expect(await hashOfFile(path)).toBe(sha256(BIG));
  });

  test('is listed with the key that it came by (R538)', async () => {
    const bob = await stage.receive('bob', ['--once']);
    await sent(await file(LETTER, TEXT));
    await outcomeOf(bob);
    const listed = await outcomeOf(
      stage.inband('bob', ['received', '--json', '--dir', bob.folder]),
    );
    expect(eventsOf(listed.stdout)).toMatchObject([
      { encrypted: true, peerKey: expect.stringMatching(/^[a-z2-7]{52}$/), trust: 'first' },
    ]);
  });

  test.each([
    ['encrypted', 'auto', 'off'],
    ['in the clear', 'off', 'auto'],
  ])('what has come %s is not gone on with otherwise (R374)', async (_, before, after) => {
    const folder = stage.folder();
    const letter = await file(LETTER, BIG);
    const alice = await cutOff(folder, letter, '--encrypt', before);
    await alice.stop();
    await stage.receive('bob', ['--dir', folder, '--json']);
    const events = await sent('--encrypt', after, letter);
    expect(eventNamed(events, 'resumed')).toBeUndefined();
    expect(eventNamed(events, 'done')).toMatchObject({ encrypted: after === 'auto' });
  });

  test('what is there is known to those alone by whose key it came (R374)', async () => {
    const letter = await file(LETTER, TEXT);
    await stage.receive('bob');
    const named = async (name: string, ...args: string[]) =>
      eventNamed(await sent(...args, letter), name);
    expect(await named('done')).toMatchObject({ encrypted: true });
    expect(await named('already-there')).toMatchObject({ encrypted: true });
    expect(await named('done', '--encrypt', 'off')).toMatchObject({ encrypted: false });
    expect(await named('already-there', '--encrypt', 'off')).toMatchObject({ encrypted: false });
  });

  test('what there is no room for is refused before it begins, as in the clear (R861)', async () => {
    await stage.receive('bob', ['--max-size', '1000']);
    const letter = await file(LETTER, TEXT);
    for (const encrypt of ['auto', 'off']) {
      const { code, stdout } = await outcomeOf(sending('--encrypt', encrypt, letter));
      expect(code).toBe(6);
      const told = eventsOf(stdout);
      expect(told.filter(({ event }) => event === 'start' || event === 'progress')).toEqual([]);
      expect(eventNamed(told, 'failed')?.error).toMatch(
        /^bob@localhost\/\S+ cannot take the file: too large, or the disk is full$/,
      );
    }
  });

  test('folders and an empty file are encrypted, too (R374)', async () => {
    const photos = join(stage.folder(), 'photos');
    await mkdir(join(photos, 'rome', 'empty'), { recursive: true });
    await writeFile(join(photos, 'rome', 'forum.jpg'), TEXT);
    await writeFile(join(photos, 'none'), '');
    const bob = await stage.receive('bob');
    const events = await sent(photos);
    for (const one of events.filter(({ event }) => event === 'done')) {
      expect(one).toMatchObject({ encrypted: true });
    }
    await firstResults(bob, 2);
    const came = filesIn(bob.folder).filter((path) => path.startsWith('photos'));
    expect(came).toEqual(['photos/none', 'photos/rome/forum.jpg']);
  });

  test('the own key of this machine needs no first contact (R374)', async () => {
    await stage.receive('alice');
    const letter = await file(LETTER, TEXT);
    const outcome = await outcomeOf(
      stage.inband('alice', ['send', '--json', '--trust', 'known', letter, 'alice@localhost']),
    );
    expect(eventNamed(eventsOf(outcome.stdout), 'done')).toMatchObject({
      encrypted: true,
      trust: 'known',
    });
  });
});

describe('on ejabberd, which records all stanzas,', () => {
  const stage = prepareStageOn(() => startEjabberd({ config: 'loglevel: debug' }));
  const digest = Buffer.from(sha256(TEXT), 'hex');
  const SECRETS = [LETTER, 'sweet sorrow', sha256(TEXT), digest];

  /** Sends the letter; resolves to what the server has read of that, and what came of it. */
  async function recorded(...flags: string[]) {
    const letter = join(stage.folder(), LETTER);
    await writeFile(letter, TEXT);
    const encrypt = flags.includes('off') ? ['--encrypt', 'off'] : [];
    const bob = await stage.receive('bob', ['--once', '--json', ...encrypt]);
    const before = stage.server.log().length;
    const sent = await outcomeOf(stage.inband('alice', ['send', '--json', ...flags, letter, BOB]));
    expect(sent).toMatchObject({ code: 0 });
    const came = eventNamed(eventsOf((await outcomeOf(bob)).stdout), 'done');
    const read = readIn(stage.server.log().slice(before));
    return { done: eventNamed(eventsOf(sent.stdout), 'done'), came, read };
  }

  test.each([
    ['deflated', []],
    ['as they are', ['--no-compress']],
  ])('a file arrives, and no name, hash or byte is read, of bytes %s (R371)', async (_, flags) => {
    const { done, came, read } = await recorded(...flags);
    expect(done).toMatchObject({ encrypted: true });
    expect(came).toMatchObject({ encrypted: true, sha256: sha256(TEXT) });
    expect(read.includes('session-initiate')).toBe(true);
    for (const secret of SECRETS) expect(read.includes(secret)).toBe(false);
  });

  test('each of these is read of what is sent in the clear (R371)', async () => {
    const { read } = await recorded('--encrypt', 'off');
    for (const secret of [LETTER, 'sweet sorrow', digest]) expect(read.includes(secret)).toBe(true);
  });
});
