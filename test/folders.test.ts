import { expect, test } from '@jest/globals';
import { blobFolders } from '../src/folders.js';

test('blobs are kept in the XDG folders', () => {
  const env = { HOME: '/home/a', XDG_DATA_HOME: '/data', XDG_CACHE_HOME: '/cache' };
  expect(blobFolders(env)).toEqual({
    published: '/data/inband/blobs',
    cached: '/cache/inband/blobs',
  });
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
