import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Consumer,
  createConsumer,
  type Example,
  examples,
  RESOLUTIONS,
} from '../../support/programs/consumer.js';
import { accountOf } from '../../support/programs/inband.js';
import { start } from '../../support/programs/process.js';
import { outcomeOf, prepareStage, resultsOf, sha256, writeRandom } from '../stage.js';

const stage = prepareStage();
const shown = await examples();
let consumer: Consumer;

beforeAll(async () => {
  consumer = await createConsumer();
  for (const { name, extension, code } of shown) await consumer.write(`${name}.${extension}`, code);
  await consumer.write('uses-all.js', USES_ALL);
});
afterAll(() => consumer.remove());

/** The example of docs/library.md that has this in it. */
function exampleWith(text: string): Example {
  const found = shown.filter(
    ({ name, code }) => name.startsWith('library-') && code.includes(text),
  );
  expect(found).toHaveLength(1);
  return found[0] as Example;
}

/** Runs what was compiled of a file of the program, in an empty folder. */
function run(file: string, args: string[], env: Record<string, string> = {}) {
  const cwd = stage.folder();
  const path = join(consumer.folder, 'nodenext', file);
  return start(process.execPath, [path, ...args], {
    ...{ cwd, stdin: '' },
    env: { PATH: process.env.PATH, ...env },
  });
}

const runExample = ({ name, extension }: Example, args: string[], env?: Record<string, string>) =>
  run(`${name}.${extension.replace('ts', 'js')}`, args, env);

/** Seals a file with the parts of the examples, and keeps a blob in files. */
const sealing = exampleWith('sealFor').name;
const storing = exampleWith('blobFiles').name;
const USES_ALL = `
import { mkdir, readFile } from 'node:fs/promises';
import {
  answerDiscovery, connect, generateKeyPair, ibbTransport, InBandBytestreams, JingleFileTransfers, keyPairFrom, secretBytesOf,
} from 'inband';
import { announce, sealFor } from './${sealing}.js';
import { bitsOf } from './${storing}.js';

const [account = '', password = '', service = '', ca = ''] = process.argv.slice(2);
const login = { account, password, service, ca: await readFile(ca, 'utf8') };
const juliet = await connect(login);
const romeo = await connect(login);

const keys = [generateKeyPair(), keyPairFrom(secretBytesOf(generateKeyPair()))];
const [julietsKey = generateKeyPair(), romeosKey = generateKeyPair()] = keys;
const transports = [ibbTransport(new InBandBytestreams(juliet))];
const incoming = new JingleFileTransfers(juliet, transports);
announce(juliet, incoming, transports, julietsKey);
incoming.onOffer = async (file) => {
  const channel = await file.accept();
  const parts = [];
  for await (const part of channel) parts.push(part);
  const digest = (await file.hashes()).get('sha-256') ?? Buffer.alloc(0);
  console.log(file.offer.name, Buffer.concat(parts).toString());
  console.log(Buffer.from(file.peerKey ?? []).equals(romeosKey.publicKey));
  await file.confirm(digest);
};
const outgoing = new JingleFileTransfers(romeo, [ibbTransport(new InBandBytestreams(romeo))]);
answerDiscovery(romeo, { identity: { category: 'client', type: 'pc', name: '' }, features: [] });
const seal = await sealFor(romeo, juliet.jid, romeosKey);
const unsealed = await sealFor(juliet, romeo.jid, julietsKey).catch(({ message }) => message);
console.log(unsealed === romeo.jid + " announces no key, and nothing was sent");
const { createHash } = await import('node:crypto');
const hashes = new Map([['sha-256', createHash('sha256').update('secret').digest()]]);
const file = await outgoing.offer(juliet.jid, { name: 'letter', size: 6, hashes }, { seal });
file.channel.end('secret');
console.log(await file.confirmed());

await mkdir('blobs');
const bits = bitsOf(juliet);
const cid = await bits.setBlob(Buffer.from('a blob'), 'text/plain');
console.log(Buffer.from((await bits.getBlob({ cid })).bytes).toString());
await romeo.close();
await juliet.close();
`;

describe('a program that uses the packed library', () => {
  test.each(Object.keys(RESOLUTIONS) as (keyof typeof RESOLUTIONS)[])(
    'compiles with all examples of the pages, and reads one file of ours, by "%s" (R1150)',
    async (resolution) => {
      expect(shown.length).toBeGreaterThanOrEqual(6);
      const { problems, read } = await consumer.compile(resolution);
      expect(problems).toEqual([]);
      const ours = read.filter((path) => path.startsWith('node_modules/inband/'));
      expect(ours).toEqual(['node_modules/inband/dist/index.d.ts']);
    },
  );

  test('has its own faults found (R1150)', async () => {
    await consumer.write(
      'wrong.ts',
      "import { connect } from 'inband';\nconnect({ jid: 'a@b' });\n",
    );
    const { problems } = await consumer.compile('nodenext');
    expect(problems).toEqual([expect.stringMatching(/^wrong\.ts\(2,11\): error TS2353: /)]);
  });
});

describe('the examples of docs/library.md', () => {
  test('send a file by the packed library (R1153, R1158)', async () => {
    const source = join(stage.folder(), 'source');
    const hash = await writeRandom(source, 100_000);
    const password = 'one for both';
    const romeo = await stage.server.addAccount('romeo', password);
    const juliet = await stage.server.addAccount('juliet', password);
    const env = accountOf(stage.server, 'romeo');
    const running = runExample(
      exampleWith('onOffer = receive'),
      [romeo.jid, juliet.jid, source],
      env,
    );
    expect(await outcomeOf(running)).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: `100000 bytes are whole, ${hash}\nsource is received\n`,
    });
  });

  test('say why a file is not sent (R1153)', async () => {
    const { jid } = stage.server.account('alice');
    const env = accountOf(stage.server, 'alice');
    const running = runExample(exampleWith('onOffer = receive'), [jid, jid, '/none'], env);
    const { code, stdout, stderr } = await outcomeOf(running);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^not sent: Error: ENOENT: .*\n$/);
  });

  test('publish a blob, and fetch it (R1153)', async () => {
    const source = join(stage.folder(), 'source.png');
    await writeFile(source, 'an image');
    const env = accountOf(stage.server, 'alice');
    const { jid } = stage.server.account('alice');
    const cid = `sha-256+${sha256(Buffer.from('an image'))}@bob.xmpp.org`;
    expect(await resultsOf(runExample(exampleWith('onBlob'), [jid, source], env))).toEqual([
      `${cid}: 8 bytes of image/png`,
    ]);
  });

  test('seal a file or fail, and keep a blob in files (R1153, R1158, R1210)', async () => {
    const { jid, password } = stage.server.account('alice');
    const args = [jid, password, stage.server.service, stage.server.caPath];
    expect(await resultsOf(run('uses-all.js', args))).toEqual([
      ...['true', 'letter secret', 'true', 'received', 'a blob'],
    ]);
  });

  test('load the library from CommonJS (R1154)', async () => {
    expect(await resultsOf(runExample(exampleWith("await import('inband')"), []))).toEqual([
      'balcony',
    ]);
  });

  // Node 20.10 cannot, and has no such feature; docs/library.md says which can.
  if ('require_module' in process.features) {
    test('hold for require(), too (R1154)', async () => {
      const code = "console.log(typeof require('inband').connect)";
      const args = ['--input-type=commonjs', '--eval', code];
      const running = start(process.execPath, args, { cwd: consumer.folder, stdin: '' });
      expect(await outcomeOf(running)).toEqual({ code: 0, stdout: 'function\n', stderr: '' });
    });
  }

  test('that are programs say without arguments what they take (R1155)', async () => {
    const programs = shown.filter(({ code }) => code.includes('process.argv'));
    expect(programs.length).toBeGreaterThanOrEqual(2);
    for (const program of programs) {
      const { code, stdout, stderr } = await outcomeOf(runExample(program, []));
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^usage: .*\n$/);
    }
  });
});
