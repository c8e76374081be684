import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readAll } from '../../protocol/ibb/bytestreams.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS, type TestServer, type UploadLimits } from '../../support/servers/server.js';
import {
  eventsOf,
  hashOfFile,
  linesOf,
  outcomeOf,
  prepareStageOn,
  resultsOf,
  sha256,
  writeRandom,
} from '../stage.js';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.js';

const MAX_SIZE = 6_000_000;

/** What anybody gets at an address, who believes this CA. */
async function got(url: string, ca: string): Promise<{ status?: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false }, (response) => {
      const { statusCode: status = 0 } = response;
      readAll(response).then((body) => resolve({ status, body }), reject);
    });
    asked.on('error', reject).end();
  });
}

interface Program {
  name: string;
  start(uploads: UploadLimits): Promise<TestServer>;
  takesEmpty: boolean;
  /** Connections of an upload whose first one is cut: the slot is good for another one, or that one is refused. */
  attempts: number;
}

const PROGRAMS: Program[] = [
  {
    ...{ name: 'Prosody', takesEmpty: true, attempts: 2 },
    start: (uploads) => startProsody({ uploads }),
  },
  {
    ...{ name: 'ejabberd', takesEmpty: false, attempts: 3 },
    start: (uploads) => startEjabberd({ uploads }),
  },
];

const installed = PROGRAMS.filter(({ name }) => HAS_PEERS || name === 'Prosody');

describe.each(installed)('inband upload to $name', ({ start, takesEmpty, attempts }) => {
  let proxy: CuttingProxy | undefined;
  const stage = prepareStageOn(async () => {
    proxy = await startCuttingProxy();
    const server = await start({ maxSize: MAX_SIZE, publicPort: proxy.port });
    proxy.target = server.httpsPort;
    return server;
  });
  afterAll(() => proxy?.close());

  test('prints the address of each file, at which its bytes are (R725)', async () => {
    const folder = stage.folder();
    const names = ['one', '4096', 'très cool photo.bin', 'five'];
    const sizes = [1, 4096, 300_000, 5_000_000];
    const paths = names.map((name) => join(folder, name));
    for (const [index, path] of paths.entries()) await writeRandom(path, sizes[index] as number);
    const urls = await resultsOf(stage.inband('alice', ['upload', ...paths]));
    expect(urls.length).toBe(4);
    for (const [index, url] of urls.entries()) {
      expect(url).toMatch(/^https:\/\/localhost:\d+\/[\x21-\x7e]+$/);
      const { status, body } = await got(url, stage.server.ca);
      expect([status, sha256(body)]).toEqual([200, await hashOfFile(paths[index] as string)]);
    }
  });

  test('prints nothing but addresses on stdout, and with --quiet nothing else at all (R725)', async () => {
    const path = join(stage.folder(), 'letter');
    writeFileSync(path, 'But, soft!');
    const { code, stdout, stderr } = await outcomeOf(
      stage.inband('alice', ['upload', '--quiet', path]),
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(linesOf(stdout).length).toBe(1);
  });

  test('tells in --json where the file is, and its hash (R725)', async () => {
    const path = join(stage.folder(), 'letter');
    writeFileSync(path, 'But, soft!');
    const { code, stdout } = await outcomeOf(stage.inband('alice', ['upload', '--json', path]));
    expect(code).toBe(0);
    const told = eventsOf(stdout).find(({ event }) => event === 'uploaded');
    expect(told).toMatchObject({
      ...{ name: 'letter', size: 10, sha256: sha256(Buffer.from('But, soft!')) },
      ...{ peer: 'upload.localhost', url: expect.stringMatching(/^https:/) },
    });
  });

  test('an empty file is uploaded, or it is said that the server takes none (R725)', async () => {
    const path = join(stage.folder(), 'empty');
    writeFileSync(path, '');
    const { code, stdout, stderr } = await outcomeOf(stage.inband('alice', ['upload', path]));
    if (takesEmpty) {
      expect(code).toBe(0);
      expect((await got(linesOf(stdout)[0] as string, stage.server.ca)).body.length).toBe(0);
    } else {
      expect([code, stdout]).toEqual([6, '']);
      expect(stderr).toContain('upload.localhost does not take empty, which is empty');
    }
  });

  test('a file that is too large is refused with both figures, and the next one goes (R725)', async () => {
    const [large, small] = ['large', 'small'].map((name) => join(stage.folder(), name));
    await writeRandom(large as string, MAX_SIZE + 1);
    writeFileSync(small as string, 'x');
    const args = ['upload', large as string, small as string];
    const { code, stdout, stderr } = await outcomeOf(stage.inband('alice', args));
    expect(code).toBe(6);
    expect(linesOf(stdout).length).toBe(1);
    expect(stderr).toContain(
      `large was not uploaded to localhost: large has 6000001 bytes, and upload.localhost takes 6000000 bytes at most`,
    );
  });

  test('probe says so, and how large they may be (R941)', async () => {
    const { stdout } = await outcomeOf(stage.inband('alice', ['probe', '--json', 'bob@localhost']));
    expect(eventsOf(stdout).find(({ event }) => event === 'uploads')).toEqual({
      ...{ event: 'uploads', peer: 'upload.localhost', isTaken: true, maxSize: MAX_SIZE },
    });
  });

  test('an upload that is cut is made again, in the same place where the server lets (R726)', async () => {
    const path = join(stage.folder(), 'five');
    await writeRandom(path, 5_000_000);
    proxy?.cuts.push(2_000_000);
    const before = proxy?.connections ?? 0;
    const { code, stdout, stderr } = await outcomeOf(stage.inband('alice', ['upload', path]));
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /the upload to localhost:\d+ was cut off .*; (next try in|trying again)/,
    );
    expect(proxy?.connections).toBe(before + attempts);
    const { body } = await got(linesOf(stdout)[0] as string, stage.server.ca);
    expect(sha256(body)).toBe(await hashOfFile(path));
  });

  test('--retry-for 0 makes one attempt, and prints no address (R726)', async () => {
    const path = join(stage.folder(), 'five');
    await writeRandom(path, 5_000_000);
    proxy?.cuts.push(2_000_000);
    const args = ['upload', '--retry-for', '0', path];
    const { code, stdout } = await outcomeOf(stage.inband('alice', args));
    expect([code, stdout]).toEqual([7, '']);
  });

  test('who has no size, or is several files, is refused before anybody goes online (R725)', async () => {
    const folder = stage.folder();
    for (const operand of ['-', folder]) {
      const { code, stderr } = await outcomeOf(stage.inband('alice', ['upload', operand]));
      expect(code).toBe(2);
      expect(stderr).not.toContain('online');
    }
  });
});

describe('inband upload to a server with a quota', () => {
  const small = prepareStageOn(() =>
    startProsody({ uploads: { maxSize: 1000, dailyQuota: 1500 } }),
  );

  test('tells what the server says of a quota that is used up (R725)', async () => {
    const path = join(small.folder(), 'letter');
    await writeRandom(path, 1000);
    const { code, stdout, stderr } = await outcomeOf(small.inband('alice', ['upload', path, path]));
    expect(code).toBe(6);
    expect(linesOf(stdout).length).toBe(1);
    expect(stderr).toContain(
      'takes no more files from you for now (resource-constraint (Daily quota reached))',
    );
    expect(stderr).toContain('  try later\n');
  });
});

describe('inband upload to a server without uploads', () => {
  const bare = prepareStageOn(() => startProsody());

  test('says so where the server takes none, and probe does too (R725, R941)', async () => {
    const path = join(bare.folder(), 'letter');
    writeFileSync(path, 'x');
    const { code, stdout, stderr } = await outcomeOf(bare.inband('alice', ['upload', path, path]));
    expect([code, stdout]).toEqual([6, '']);
    expect(stderr.match(/localhost takes no uploads \(XEP-0363\)/g)).toHaveLength(1);
    expect(stderr).toContain('the other files were not tried with localhost\n');
    const probed = await outcomeOf(bare.inband('alice', ['probe', 'bob@localhost']));
    expect(probed.stderr).toContain('localhost takes no uploads (XEP-0363): nothing can be left');
  });
});
