import { createHash } from 'node:crypto';
import { link, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { FileOffer } from '../../../src/protocol/file-offer.js';
import { bareJid } from '../../../src/session/jid.js';
import { openInbox } from '../../../src/storage/inbox/inbox.js';
import type { Event } from '../../../src/transfer/events.js';
import { confirmThere } from '../../../src/transfer/receiving/already-there.js';
import type { Inbox } from '../../../src/transfer/receiving/inbox.js';
import type { FileRecord, Work } from '../../../src/transfer/receiving/ledger.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import type { Policy } from '../../../src/transfer/serving/policy.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { incomingByJingle } from '../../../src/transfer/ways/jingle.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { pattern, unattended } from '../../protocol/ibb/bytestreams.js';
import { offeredTo, pairOfTransfers } from '../../protocol/jingle/transfers.js';
import { temporaryFolders } from '../../storage/temporary-folder.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { sendingBy } from '../../support/sealing.js';
import { linkedToInbox, smallFile } from '../sending/linked-inboxes.js';

const temporaryFolder = temporaryFolders();

const LETTER = pattern(500);
const SHA256 = createHash('sha256').update(LETTER).digest('hex');

interface House {
  inbox: Inbox;
  names(): Promise<string[]>;
  remove(name: string): Promise<void>;
  /** Puts other bytes, as many, in its place. */
  replace(name: string): Promise<void>;
  isProgram(name: string): Promise<boolean>;
}

async function inMemory(): Promise<House> {
  const inbox = new MemoryInbox();
  return {
    inbox,
    names: async () => [...inbox.files.keys()].sort(),
    remove: async (name) => void inbox.files.delete(name),
    replace: async (name) => void inbox.files.set(name, Buffer.alloc(LETTER.length)),
    isProgram: async (name) => inbox.programs.has(name),
  };
}

async function onDisk(): Promise<House & { folder: string }> {
  const folder = join(await temporaryFolder(), 'inbox');
  await mkdir(folder);
  return {
    folder,
    inbox: await openInbox(folder),
    names: async () => (await readdir(folder)).filter((name) => name !== '.inband').sort(),
    remove: (name) => rm(join(folder, name)),
    isProgram: async (name) => ((await stat(join(folder, name))).mode & 0o777) === 0o700,
    replace: async (name) => {
      await rm(join(folder, name));
      await writeFile(join(folder, name), Buffer.alloc(LETTER.length));
    },
  };
}

interface Options {
  again?: boolean;
  name?: string;
  bytes?: Buffer;
  /** Default: a file of these bytes. */
  source?: ReturnType<typeof smallFile>;
  knows?: Policy;
}

/** Romeo sends it to Juliet, in a command of his own: what both are told, and how many blocks travelled. */
async function sent(
  inbox: Inbox,
  { again = false, name = 'letter.txt', bytes = LETTER, knows = () => true, source }: Options = {},
) {
  const ends = new AbortController();
  const [his, hers]: [Event[], Event[]] = [[], []];
  let blocks = 0;
  const { romeo, halfTrip } = await linkedToInbox(
    {
      ...{ places: 4, inbox, knows },
      report: (event) => hers.push(event),
      onStanza: (stanza) => {
        if (stanza.getChild('data')) blocks += 1;
      },
    },
    ends.signal,
  );
  let isOver = false;
  const outcome = sendAll([source ?? smallFile(name, bytes)], [JULIET], {
    ...{ via: 'auto', settings: DEFAULT_SETTINGS, acceptTimeout: 1000, retryFor: 0, again },
    ...{ connect: async () => romeo, signal: ends.signal },
    sealing: sendingBy(),
    report: (event) => his.push(event),
    explain: (error) => ({ text: error.message, exitCode: 1, isOurs: false }),
  }).finally(() => {
    isOver = true;
  });
  while (!isOver) await halfTrip();
  await outcome;
  ends.abort();
  const told = (events: Event[]) => {
    const asides = ['note', 'pending', 'state'];
    return events.map(({ event }) => event).filter((event) => !asides.includes(event));
  };
  return { his: told(his), hers: told(hers), blocks, events: { his, hers } };
}

const THERE = { his: ['offer', 'already-there'], hers: ['already-there'], blocks: 0 };
const ANEW = { his: ['offer', 'start', 'progress', 'done'], blocks: 1 };

const onlyRecord = (inbox: Inbox) => [...inbox.ledger.records()][0] as FileRecord;
const withWork = async (inbox: Inbox, work: Work) =>
  inbox.ledger.change(onlyRecord(inbox).id, { work });

/** The bytes of a channel by which none come. */
async function* NOTHING() {}

/** A file of an account that is offered again, as a program or not, is there; `isOurs`: the account that receives has sent it. */
async function offeredAgain(inbox: Inbox, account: string, isExecutable: boolean, isOurs = true) {
  const hashes = new Map([['sha-256', createHash('sha256').update(LETTER).digest()]]);
  const program = isExecutable ? { isExecutable } : {};
  const path = ['bin', 'run.sh'];
  const told = {
    name: 'run.sh',
    path,
    size: LETTER.length,
    hashes,
    alreadyThere: { again: false },
  };
  const offer = { ...told, ...program } as FileOffer;
  const file = {
    ...{ peer: `${account}/x`, offer, ranged: true, confirm: async () => undefined },
    accept: async () => ({ iterator: NOTHING }),
  };
  const onProven = async () => undefined;
  return confirmThere(file as unknown as IncomingOffer, inbox, { onProven, isOurs });
}

async function publishProgram(inbox: Inbox, account: string, isExecutable: boolean) {
  const partial = await inbox.createPartial({ account });
  await partial.write(LETTER);
  const record = { account, peer: `${account}/x`, offered: ['bin', 'run.sh'], isDue: false };
  await partial.publish('run.sh', { record, isExecutable });
}

describe.each([
  ['in memory', inMemory],
  ['on disk', onDisk],
])('a program that is sent again to an inbox %s', (_where, open) => {
  test.each([true, false])(
    'is one, or not any more, as its own account has it, and stays known: %p (R410)',
    async (isExecutable) => {
      const { inbox, isProgram } = await open();
      await publishProgram(inbox, 'a@b', !isExecutable);
      for (let count = 0; count < 2; count += 1) {
        expect(await offeredAgain(inbox, 'a@b', isExecutable)).toMatchObject({ size: 500 });
        expect(await isProgram('bin/run.sh')).toBe(isExecutable);
      }
      await inbox.close();
    },
  );

  test('is none of another account (R410)', async () => {
    const { inbox, isProgram } = await open();
    await publishProgram(inbox, 'a@b', false);
    expect(await offeredAgain(inbox, 'a@b', true, false)).toBeDefined();
    expect(await isProgram('bin/run.sh')).toBe(false);
    await inbox.close();
  });
});

test('what was changed since it arrived does not become a program (R410)', async () => {
  const { inbox, replace, isProgram } = await onDisk();
  await publishProgram(inbox, 'a@b', false);
  const record = onlyRecord(inbox);
  await replace('bin/run.sh');
  await inbox.setExecutable(record, true);
  expect(await isProgram('bin/run.sh')).toBe(false);
  expect(onlyRecord(inbox)).toEqual(record);
  await inbox.close();
});

describe.each([
  ['in memory', inMemory],
  ['on disk', onDisk],
])('what is sent again to an inbox %s', (_where, open) => {
  test('and lies there unchanged does not travel, and both sides hear so (R302)', async () => {
    const { inbox, names } = await open();
    expect(await sent(inbox)).toMatchObject(ANEW);
    const { events, ...told } = await sent(inbox);
    expect(told).toEqual(THERE);
    const facts = {
      ...{ event: 'already-there', name: 'letter.txt', size: 500, sha256: SHA256 },
      encrypted: false,
    };
    expect(events.his).toContainEqual({ ...facts, id: expect.any(Number), peer: JULIET });
    expect(events.hers).toContainEqual({
      ...{ ...facts, id: expect.any(Number), peer: ROMEO, incoming: true },
      path: expect.stringMatching(/\/letter\.txt$/),
    });
    expect(await names()).toEqual(['letter.txt']);
    await inbox.close();
  });

  test('an empty file, too (R302)', async () => {
    const { inbox, names } = await open();
    const bytes = Buffer.alloc(0);
    await sent(inbox, { bytes });
    expect(await sent(inbox, { bytes })).toMatchObject(THERE);
    expect(await names()).toEqual(['letter.txt']);
    await inbox.close();
  });

  test('comes anew where its sender wants that (R303)', async () => {
    const { inbox, names } = await open();
    await sent(inbox);
    expect(await sent(inbox, { again: true })).toMatchObject(ANEW);
    expect(await names()).toEqual(['letter (1).txt', 'letter.txt']);
    await inbox.close();
  });

  test.each([
    ['has another name', { name: 'other.txt' }],
    ['has other bytes, as many', { bytes: Buffer.alloc(500, 7) }],
    ['is longer', { bytes: pattern(501) }],
  ])('comes anew where it %s (R302)', async (_what, other) => {
    const { inbox, names } = await open();
    await sent(inbox);
    expect(await sent(inbox, other)).toMatchObject(ANEW);
    expect(await names()).toHaveLength(2);
    await inbox.close();
  });

  test('comes anew where it is gone, or another file of its size is in its place (R302)', async () => {
    const { inbox, names, remove, replace } = await open();
    await sent(inbox);
    await remove('letter.txt');
    expect(await sent(inbox)).toMatchObject(ANEW);
    await replace('letter.txt');
    expect(await sent(inbox)).toMatchObject(ANEW);
    expect(await names()).toEqual(['letter (1).txt', 'letter.txt']);
    // The last of them is there now.
    expect(await sent(inbox)).toMatchObject(THERE);
    await inbox.close();
  });

  test('is there after what was to be done for it was done, wherever it was moved (R304)', async () => {
    const { inbox, names, remove } = await open();
    await sent(inbox);
    await withWork(inbox, { state: 'done' });
    await remove('letter.txt');
    const { events, ...told } = await sent(inbox);
    expect(told).toEqual(THERE);
    expect(events.hers.at(-1)).not.toHaveProperty('path');
    expect(await names()).toEqual([]);
    await inbox.close();
  });

  test.each(['due', 'failed', 'gone'] as const)(
    'comes anew where it is gone, and what was to be done for it is %s (R304)',
    async (state) => {
      const { inbox, remove } = await open();
      await sent(inbox);
      await withWork(inbox, { state });
      await remove('letter.txt');
      expect(await sent(inbox)).toMatchObject(ANEW);
      await inbox.close();
    },
  );

  test.each(['due', 'failed', 'done'] as const)(
    'leaves what is to be done for it as it was: %s (R304)',
    async (state) => {
      const { inbox } = await open();
      await sent(inbox);
      await withWork(inbox, { state });
      expect(await sent(inbox)).toMatchObject(THERE);
      expect([...inbox.ledger.records()].map(({ work }) => work)).toEqual([{ state }]);
      await inbox.close();
    },
  );

  test('comes anew from another account, which learns nothing (R305)', async () => {
    const { inbox } = await open();
    await sent(inbox);
    const record = onlyRecord(inbox);
    await inbox.ledger.remove(record.id);
    await inbox.ledger.add({ ...record, account: 'tybalt@capulet.example' });
    expect(await sent(inbox)).toMatchObject(ANEW);
    await inbox.close();
  });

  test('comes anew from somebody who is let in as anyone is (R305)', async () => {
    const { inbox } = await open();
    await sent(inbox);
    expect(await sent(inbox, { knows: () => false })).toMatchObject(ANEW);
    await inbox.close();
  });
});

test('what has a name that XML changes is not asked for: another file may have come under that (R411)', async () => {
  const inbox = new MemoryInbox();
  for (const name of ['letter\uffff', 'letter\u0001', 'letter\u0001']) {
    expect(await sent(inbox, { name })).toMatchObject(ANEW);
  }
});

test('a folder without files is not there for an empty file of its path (R411)', async () => {
  const inbox = new MemoryInbox();
  const account = 'a@b';
  const offered = ['photos', 'empty'];
  const partial = await inbox.createPartial({ account });
  await partial.publish('empty', { record: { account, peer: 'a@b/x', offered, isDue: false } });
  const hashes = new Map([['sha-256', createHash('sha256').digest()]]);
  const offer = { name: 'empty', path: offered, size: 0, hashes, alreadyThere: { again: false } };
  const file = { peer: 'a@b/x', offer, ranged: true, accept: async () => ({ iterator: NOTHING }) };
  const confirm = async () => undefined;
  const ask = (more: object) =>
    confirmThere({ ...file, confirm, offer: { ...offer, ...more } } as never, inbox, {
      onProven: async () => undefined,
      isOurs: true,
    });
  expect(await ask({})).toBeDefined();
  expect(await ask({ isFolder: true })).toBeUndefined();
});

describe.each([
  ['in memory', inMemory],
  ['on the disk', onDisk],
])('a folder without files, %s,', (_, open) => {
  const PATH = ['photos', 'empty'];
  const EMPTY = { ...smallFile('empty', Buffer.alloc(0)), path: PATH, isFolder: true as const };

  test('that is sent again is there, and travels no second time (R862)', async () => {
    const { inbox } = await open();
    const first = await sent(inbox, { source: EMPTY });
    expect(first).toMatchObject({ his: ['offer', 'start', 'done'], hers: ['start', 'folder'] });
    const again = await sent(inbox, { source: EMPTY });
    expect(again).toMatchObject(THERE);
    const path = await inbox.findFolder({ account: bareJid(ROMEO) }, PATH);
    expect(path).toMatch(/\/photos\/empty$/);
    expect(again.events.hers.at(-1)).toMatchObject({ name: 'photos/empty/', path });
    await inbox.close();
  });

  test('is sent all the same where its sender wants that, or may not know (R862)', async () => {
    const { inbox } = await open();
    const first = await sent(inbox, { source: EMPTY });
    expect(await sent(inbox, { source: EMPTY, again: true })).toMatchObject({ his: first.his });
    expect(await sent(inbox, { source: EMPTY, knows: () => false })).toMatchObject({
      his: first.his,
    });
    await inbox.close();
  });
});

test('a folder without files that is gone, or another one by now, is made anew (R862)', async () => {
  const { inbox, folder } = await onDisk();
  const source = {
    ...smallFile('empty', Buffer.alloc(0)),
    ...{ path: ['photos', 'empty'], isFolder: true as const },
  };
  const first = await sent(inbox, { source });
  const path = join(folder, 'photos', 'empty');
  await rm(path, { recursive: true });
  expect(await sent(inbox, { source })).toMatchObject({ his: first.his });
  await rename(path, `${path}-moved`);
  await mkdir(path);
  expect(await sent(inbox, { source })).toMatchObject({ his: first.his });
  expect(await readdir(join(folder, 'photos'))).toEqual(['empty', 'empty (1)', 'empty-moved']);
  await inbox.close();
});

test('a sender that sends bytes of what is there fails, and nothing comes of them (R306, R865)', async () => {
  const pair = pairOfTransfers();
  const inbox = new MemoryInbox();
  await sent(inbox);
  const hashes = new Map([['sha-256', createHash('sha256').update(LETTER).digest()]]);
  const offer = { name: 'letter.txt', size: 500, hashes, alreadyThere: { again: false } };
  const incoming = offeredTo(pair.juliet);
  const outgoing = pair.romeo.offer(JULIET, offer);
  const told = confirmThere(incomingByJingle(await incoming), inbox, {
    onProven: async () => undefined,
    isOurs: false,
  });
  told.catch(() => undefined); // is looked at below
  unattended((await outgoing).channel).write(LETTER);
  await settled();
  await pair.clock.advance(10_000);
  expect(pair.wire.find(/romeo: data/)).not.toEqual([]);
  expect(pair.wire.find(/juliet: data . taken/)).toEqual([]);
  expect([inbox.files.size, inbox.published, inbox.partials]).toEqual([1, 1, 0]);
  // It lies there, and nothing has arrived.
  expect(await told).toMatchObject({ path: '/inbox/letter.txt', size: 500 });
  expect([...inbox.ledger.records()]).toHaveLength(1);
});

describe('a file on disk that is sent again', () => {
  test.each([
    ['was touched', async (path: string) => utimes(path, new Date(), new Date())],
    ['has got its own bytes again', async (path: string) => writeFile(path, LETTER)],
    ['has a second name', async (path: string) => link(path, `${path}.2`)],
    [
      'is a copy',
      async (path: string) => {
        await writeFile(`${path}.2`, LETTER);
        await rename(`${path}.2`, path);
      },
    ],
  ])('comes anew where it %s (R302)', async (_what, change) => {
    const { inbox, folder } = await onDisk();
    await sent(inbox);
    await change(join(folder, 'letter.txt'));
    expect(await sent(inbox)).toMatchObject(ANEW);
    await inbox.close();
  });

  test('is there after the inbox was closed and opened (R302)', async () => {
    const { inbox, folder } = await onDisk();
    await sent(inbox);
    await inbox.close();
    const later = await openInbox(folder);
    expect(await sent(later)).toMatchObject(THERE);
    await later.close();
  });
});
