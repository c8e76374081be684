import { expect, test } from '@jest/globals';
import { blobFolders, keyFolders, settingsPath } from '../src/folders.js';

test('blobs are kept in the XDG folders', () => {
  const env = { HOME: '/home/a', XDG_DATA_HOME: '/data', XDG_CACHE_HOME: '/cache' };
  expect(blobFolders(env)).toEqual({
    published: '/data/inband/blobs',
    cached: '/cache/inband/blobs',
  });
});

test('keys are kept in the XDG folder for data', () => {
  const folders = {
    own: '/data/inband/keys',
    ownPublic: '/data/inband/public-keys',
    trusted: '/data/inband/trust',
  };
  expect(keyFolders({ HOME: '/home/a', XDG_DATA_HOME: '/data' })).toEqual(folders);
});

test.each([
  ['absent', {}],
  ['empty', { XDG_DATA_HOME: '', XDG_CACHE_HOME: '' }],
  ['relative', { XDG_DATA_HOME: 'data', XDG_CACHE_HOME: './cache' }],
])('folders in the home stand in for XDG variables that are %s', (_, xdg) => {
  expect(blobFolders({ HOME: '/home/a', ...xdg })).toEqual({
    published: '/home/a/.local/share/inband/blobs',
    cached: '/home/a/.cache/inband/blobs',
  });
});

test.each<[NodeJS.ProcessEnv, NodeJS.Platform, string]>([
  [{ HOME: '/home/a' }, 'linux', '/home/a/.config/inband/config.toml'],
  [{ HOME: '/Users/a' }, 'darwin', '/Users/a/.config/inband/config.toml'],
  [{ HOME: '/home/a', XDG_CONFIG_HOME: '/etc/a' }, 'linux', '/etc/a/inband/config.toml'],
  [{ HOME: '/home/a', XDG_CONFIG_HOME: 'a' }, 'linux', '/home/a/.config/inband/config.toml'],
  [{ HOME: 'relative', XDG_CONFIG_HOME: '/etc/a' }, 'linux', '/etc/a/inband/config.toml'],
  [{ HOME: '/home/a', APPDATA: '/AppData' }, 'win32', '/AppData/inband/config.toml'],
  [{ HOME: '/home/a', APPDATA: '/AppData' }, 'linux', '/home/a/.config/inband/config.toml'],
])('with %j on %s the settings are in %s', (env, platform, expected) => {
  expect(settingsPath(env, platform)).toBe(expected);
});
