import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { generateKeyPair } from '../../../src/protocol/noise/dh25519.js';
import { formatKey } from '../../../src/protocol/seal/public-key.js';
import { KeyFolder } from '../../../src/storage/keys/key-folder.js';
import { KeysUnusable } from '../../../src/storage/keys/keys-unusable.js';
import { TrustFiles } from '../../../src/storage/keys/trust-files.js';
import { addKey, pinKey, type TrustStore } from '../../../src/transfer/keys/trusted-keys.js';
import { KeyNotTrusted } from '../../../src/transfer/ways/key-errors.js';
import { temporaryFolders } from '../temporary-folder.js';

const createFolder = temporaryFolders();
const JULIET = 'juliet@capulet.example';
const NOW = new Date('2026-01-02T03:04:05Z');

const newKey = () => generateKeyPair().publicKey;
const pin = (store: TrustStore, key: Buffer, jid = JULIET, isForeign = false) =>
  pinKey(store, { jid, key, now: NOW, isForeign });

const REMOVE = ['remove some: inband trust remove <jid>'];

async function openStore() {
  const path = join(await createFolder(), 'trust');
  const folder = new KeyFolder(path);
  return { path, file: folder.pathOf(JULIET), store: new TrustFiles(folder) };
}

describe('the keys of others', () => {
  test('are known when they were seen once, and again after a new start (R248)', async () => {
    const { store, path } = await openStore();
    const key = newKey();
    expect(await store.read(JULIET)).toEqual([]);
    expect(await store.list()).toEqual([]);
    expect(await pin(store, key)).toBe(true);
    expect(await pin(store, key)).toBe(false);
    const keys = [{ key: formatKey(key), isVerified: false, since: NOW }];
    expect(await store.read(JULIET)).toEqual(keys);
    const again = new TrustFiles(new KeyFolder(path));
    expect(await again.list()).toEqual([{ jid: JULIET, keys }]);
  });

  test('are in one file for each JID, named by its hash, that nobody else can read (R248)', async () => {
    const { store, path, file } = await openStore();
    await pin(store, newKey());
    await pin(store, newKey(), '../../etc/passwd@example.org');
    const names = await readdir(path);
    expect(names).toHaveLength(2);
    expect(names.every((name) => /^[0-9a-f]{64}\.json$/.test(name))).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(await readFile(file, 'utf8')).jid).toBe(JULIET);
  });

  test('are refused when another one is known, and stay as they are (R248)', async () => {
    const { store } = await openStore();
    const first = newKey();
    await pin(store, first);
    await expect(pin(store, newKey())).rejects.toThrow(KeyNotTrusted);
    expect((await store.read(JULIET)).map(({ key }) => key)).toEqual([formatKey(first)]);
  });

  test('are the first one alone, when several are seen at the same moment (R248)', async () => {
    const { path } = await openStore();
    const stores = Array.from({ length: 8 }, () => new TrustFiles(new KeyFolder(path)));
    const outcomes = await Promise.allSettled(stores.map((store) => pin(store, newKey())));
    const taken = outcomes.filter((one) => one.status === 'fulfilled');
    expect(taken.map(({ value }) => value)).toEqual([true]);
    const refused = outcomes.filter((one) => one.status === 'rejected');
    for (const { reason } of refused) expect(reason).toBeInstanceOf(KeyNotTrusted);
    expect(await stores[0]?.read(JULIET)).toHaveLength(1);
    expect(await readdir(path)).toHaveLength(1);
  });

  test.each([
    ['empty', ''],
    ['cut', '{"jid":"juliet@capulet.example","keys":[{"key":"aaa'],
    ['without keys', '{"jid":"juliet@capulet.example","keys":[]}'],
    ['with a key that is none', '{"jid":"juliet@capulet.example","keys":[{"key":"a"}]}'],
    [
      "somebody else's",
      `{"jid":"romeo@montague.example","keys":[{"key":"${'a'.repeat(52)}","isVerified":true,"since":"2026-01-02T03:04:05Z"}]}`,
    ],
    ['too long', ' '.repeat(65_537)],
  ])('are refused, and not unknown, where their file is %s (R249)', async (_what, text) => {
    const { store, path, file } = await openStore();
    await mkdir(path, { mode: 0o700 });
    await writeFile(file, text);
    await expect(store.read(JULIET)).rejects.toThrow(KeysUnusable);
    await expect(pin(store, newKey())).rejects.toThrow(KeysUnusable);
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  test('are refused, and not unknown, where their file cannot be read (R249)', async () => {
    const { store, path, file } = await openStore();
    await mkdir(join(path, 'x'), { recursive: true });
    await mkdir(file);
    await expect(store.read(JULIET)).rejects.toThrow('is a folder');
    await expect(pin(store, newKey())).rejects.toThrow('is a folder');
    await expect(store.list()).rejects.toThrow('is a folder');
  });

  test('are of a limited number of people whom the user has not named (R250)', async () => {
    const { store, path } = await openStore();
    await pin(store, newKey());
    const text = await readFile(join(path, (await readdir(path))[0] ?? ''), 'utf8');
    for (let count = 1; count < 1000; count += 1)
      await writeFile(join(path, `${count}.json`), text);
    const refused = pin(store, newKey(), 'stranger@example.org', true);
    await expect(refused).rejects.toThrow(KeysUnusable);
    await expect(refused).rejects.toThrow('keys of 1000 JIDs are trusted already');
    await expect(refused).rejects.toMatchObject({ hints: REMOVE });
    expect(await pin(store, newKey(), 'friend@example.org')).toBe(true);
    await expect(pin(store, newKey(), JULIET, true)).rejects.toThrow(KeyNotTrusted);
  });

  test('are at most 32 of one JID (R250)', async () => {
    const { store } = await openStore();
    const add = () =>
      addKey(store, { jid: JULIET, typed: formatKey(newKey()), label: undefined, now: NOW });
    for (let count = 0; count < 32; count += 1) await add();
    await expect(add()).rejects.toThrow(KeysUnusable);
    await expect(add()).rejects.toThrow('32 keys of one JID are trusted already');
    await expect(add()).rejects.toMatchObject({ hints: REMOVE });
    expect(await store.read(JULIET)).toHaveLength(32);
  });
});

test('a file with a key in another form than its own is damaged (R536)', async () => {
  const { store, file } = await openStore();
  await pin(store, newKey());
  const text = await readFile(file, 'utf8');
  const key = /"key": "(.*)"/.exec(text)?.[1] ?? '';
  for (const other of [`${key.slice(0, 51)}b`, `${key.slice(0, 49)}7${key.slice(50)}`]) {
    await writeFile(file, text.replace(key, other));
    await expect(store.read(JULIET)).rejects.toThrow(KeysUnusable);
  }
});
