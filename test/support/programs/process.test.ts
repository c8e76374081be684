import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { start } from './process.js';

test('finds a line that came before the question, and one that comes after', async () => {
  const cat = start('cat', []);
  cat.child.stdin?.write('first 1\n');
  expect((await cat.line(/^first (\d)/))[1]).toBe('1');
  const second = cat.line(/^second (\d)/);
  cat.child.stdin?.end('second 2\n');
  expect((await second)[1]).toBe('2');
  expect((await cat.line(/^first (\d)/))[1]).toBe('1');
  expect(await cat.exited).toEqual({ code: 0, signal: null });
});

test('waits for the rest of a line', async () => {
  const cat = start('cat', []);
  const line = cat.line(/^done (.*)/);
  cat.child.stdin?.write('done ab');
  await once(cat.child.stdout as Readable, 'data');
  cat.child.stdin?.write('cd\n');
  expect((await line)[1]).toBe('abcd');
  cat.child.stdin?.end('no newline');
  expect((await cat.line(/^no (.*)/))[1]).toBe('newline');
});

test('shows all output when the process ends without the line', async () => {
  const shell = start('sh', ['-c', 'echo out; echo err >&2; exit 3'], { stdin: '' });
  const error = await shell.line(/never/).catch(String);
  expect(error).toMatch(/no line like \/never\/ \(3\): sh -c/);
  expect(error).toMatch(/stdout:\nout\n\nstderr:\nerr\n/);
});

test('tells of a program that is not there', async () => {
  const nothing = start('inband-no-such-program', []);
  await expect(nothing.line(/./)).rejects.toThrow(/ENOENT/);
});

test('hands over standard input and takes bytes as they are', async () => {
  const bytes = Buffer.from([0, 255, 10, 128]);
  const cat = start('cat', [], { stdin: bytes });
  await cat.exited;
  expect(cat.stdoutBytes()).toEqual(bytes);
});

test('a process dies with the one that started it, even when that is killed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connect = `require('node:net').connect(${port}, '127.0.0.1')`;
  const script = `import { start } from '${new URL('./process.ts', import.meta.url)}';
    start(process.execPath, ['-e', ${JSON.stringify(connect)}]);`;
  const parent = start(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  const [socket] = await once(server, 'connection');
  const closed = once(
    socket.resume().on('error', () => {}),
    'close',
  );
  await parent.stop('SIGKILL');
  await closed;
  server.close();
});
