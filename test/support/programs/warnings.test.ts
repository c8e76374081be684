import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { start } from './process.js';

const HOOK = fileURLToPath(new URL('warnings.js', import.meta.url));
const LEAK = `const signal = new AbortController().signal;
for (let count = 0; count < 11; count += 1) signal.addEventListener('abort', () => count);`;

test('a warning of Node fails the process of a test, but for those that are not of ours (R869)', async () => {
  const run = async (text: string) => {
    const running = start(process.execPath, ['--import', HOOK, '-e', text], { stdin: '' });
    return (await running.exited).code;
  };
  expect(await run(LEAK)).toBe(1);
  for (const name of ['DeprecationWarning', 'Warning']) {
    expect(await run(`process.emitWarning('old', '${name}')`)).toBe(0);
  }
});

test('the processes of the tests have it loaded (R869)', () => {
  expect(process.execArgv.join(' ')).toContain('programs/warnings.js');
});
