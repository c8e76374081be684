// What is in the settings for some times gives way where it cannot be: only what was typed is a mistake.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runInband } from '../../support/programs/inband.js';

const home = mkdtempSync(join(tmpdir(), 'inband-gives-way-'));
beforeAll(() => {
  mkdirSync(join(home, '.config/inband'), { recursive: true });
  writeFileSync(join(home, 'photo.jpg'), 'x');
});
afterAll(() => rmSync(home, { recursive: true }));

const JULIET = 'juliet@example.org';
const CID = `sha1+${'0'.repeat(40)}@bob.xmpp.org`;

/** Nobody is there: the command has begun, and ends with 4. */
const ENV = {
  ...{ INBAND_ACCOUNT: 'romeo@example.org', INBAND_PASSWORD: 'x' },
  INBAND_SERVICE: 'xmpp://127.0.0.1:1',
};
const ONION = { ...ENV, INBAND_SERVICE: 'xmpp://abc.onion:5222' };

async function told(settings: string, args: string[], env: Record<string, string> = ENV) {
  writeFileSync(join(home, '.config/inband/config.toml'), settings);
  const running = runInband(args, { home, cwd: home, env });
  const { code } = await running.exited;
  return { code, stderr: running.stderr() };
}

describe('of the settings', () => {
  test.each([
    ['hosts of links', '[receive]\nlinks-host = ["files.lan:5281"]', ['receive']],
    ['a size of links', '[receive]\nlinks-max-size = "1M"', ['receive']],
    [
      'hosts of links, where there is nobody',
      '[receive]\nlinks = []\nlinks-host = ["a"]',
      ['receive'],
    ],
    [
      'a time to wait, where files are to be left',
      '[send]\nwait-online = "3h"',
      ['send', '--via', 'auto,http', 'photo.jpg', JULIET],
    ],
    [
      'to leave files, where somebody is to be waited for',
      '[send]\nvia = "auto,http"',
      ['send', '--wait-online', '3h', 'photo.jpg', JULIET],
    ],
  ])('%s gives way, without a word (R1102)', async (_what, settings, args) => {
    const { code, stderr } = await told(settings, args);
    expect([code, stderr]).toEqual([4, expect.stringMatching(/^inband: cannot connect to .*\n/)]);
  });

  test('to leave files gives way where .onion is not to be shown (R1102)', async () => {
    const { code, stderr } = await told(
      '[send]\nvia = "auto,http"',
      ['send', 'photo.jpg', JULIET],
      ONION,
    );
    expect([code, stderr]).toEqual([4, expect.stringContaining('cannot connect to abc.onion')]);
  });

  test.each([
    [
      '[receive]\nlinks = ["anyone"]',
      ['receive', '--encrypt', 'require'],
      ENV,
      'no links are fetched: what is fetched by a link is not encrypted, and --encrypt require allows none of that\n',
    ],
    [
      '[receive]\nlinks = ["anyone"]',
      ['receive'],
      ONION,
      'no links are fetched: fetching links would show your address, which a server of the Tor network is to hide\n',
    ],
  ])('%j with %j gives way, and that is told (R1102)', async (settings, args, env, notice) => {
    const { code, stderr } = await told(settings, args, env);
    expect([code, stderr.startsWith(notice)]).toEqual([4, true]);
  });

  test('JSON gives way to the bytes of a blob, and they to JSON (R1102)', async () => {
    const asked = ['fetch', '--from', JULIET, CID];
    const bytes = await told('[fetch]\njson = true', [...asked, '-o', '-']);
    expect(bytes).toEqual({ code: 4, stderr: expect.stringMatching(/^inband: cannot connect/) });
    expect((await told('[fetch]\noutput = "-"', [...asked, '--json'])).code).toBe(4);
    expect((await told('[fetch]\noutput = "-"', [...asked, CID.replace('0', '1')])).code).toBe(4);
  });

  test('two that exclude each other are a mistake there, too (R1102)', async () => {
    const settings = '[send]\nvia = "auto,http"\nwait-online = "3h"';
    const { code, stderr } = await told(settings, ['send', 'photo.jpg', JULIET]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('leave one of them out\n')]);
  });

  test.each<[string, string, string[]]>([
    [
      '[send] via http leaves a link at once where nobody is there, and [send] wait-online waits for somebody',
      'via = "auto,http"\nwait-online = "1h"',
      [],
    ],
    [
      '[send] via http leaves a link at once where nobody is there, and --wait-online waits for somebody',
      'via = "http"',
      ['--wait-online', '1h'],
    ],
    [
      '[send] to-key is for what is encrypted, and --encrypt off encrypts nothing',
      'to-key = "x"',
      ['--encrypt', 'off'],
    ],
    [
      '--to-key is for what is encrypted, and [send] encrypt off encrypts nothing',
      'encrypt = "off"',
      ['--to-key', 'x'],
    ],
    [
      '[send] to-key is the key of one recipient, and there are several',
      'to-key = "x"',
      ['--to', 'nurse@example.org', '--to'],
    ],
    [
      '[send] transport s5b is for what is encrypted, and [send] encrypt off encrypts nothing',
      'transport = "s5b"\nencrypt = "off"',
      [],
    ],
    [
      '[send] transport s5b goes by jingle, which --via leaves out',
      'transport = "s5b"',
      ['--via', 'si'],
    ],
    [
      '--plain-s5b is for what is not encrypted, and [send] encrypt require allows none of that',
      'encrypt = "require"',
      ['--plain-s5b'],
    ],
  ])('%j names what stands there, and where (R1342)', async (text, lines, flags) => {
    const args = ['send', 'photo.jpg', ...flags, JULIET];
    const { code, stderr } = await told(`[send]\n${lines}`, args);
    const file = join(home, '.config/inband/config.toml');
    expect([code, stderr.split('\n')[0]]).toEqual([2, `inband: ${file}: ${text}`]);
  });

  test('JSON and bytes that exclude each other are named where they stand (R1342)', async () => {
    const args = ['fetch', '--from', JULIET, CID];
    const { code, stderr } = await told('[fetch]\njson = true\noutput = "-"', args);
    const both = '[fetch] json and "[fetch] output -" both want standard output';
    expect([code, stderr]).toEqual([2, expect.stringContaining(`toml: ${both}\n`)]);
  });

  test('what excludes links is named where it stands (R1342)', async () => {
    const args = ['receive', '--links', JULIET];
    const { code, stderr } = await told('[receive]\nencrypt = "require"', args);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(
        'toml: what is fetched by a link is not encrypted, and [receive] encrypt',
      ),
    ]);
  });

  test('ways that leave nothing else over are no wish (R1102)', async () => {
    const args = ['send', '--wait-online', '3h', 'photo.jpg', JULIET];
    expect((await told('[send]\nvia = "http"', args)).code).toBe(2);
  });
});

describe('links behind a proxy', () => {
  const PROXY = { ...ENV, ALL_PROXY: 'socks5://127.0.0.1:1' };
  const HOSTS = ['--links-host', 'files.lan'];

  /** All that is said. */
  const DIRECT =
    'inband: cannot connect to 127.0.0.1 port 1 (nothing listens there)\n  check the network, the domain, and --service\n';

  test.each<[string[], Record<string, string>, string]>([
    [
      [],
      PROXY,
      'no links are fetched: the proxy finds where their hosts are, which nobody can check, and --links-host names none\n',
    ],
    [
      HOSTS,
      PROXY,
      'links are fetched from the hosts of --links-host alone: the proxy finds where others are, which nobody can check\n',
    ],
    [
      HOSTS,
      { ...PROXY, NO_PROXY: 'example.net' },
      'links are fetched from the hosts of --links-host and NO_PROXY alone: ',
    ],
    [[], { ...PROXY, NO_PROXY: '*' }, DIRECT],
  ])('%j are what is told before the first one (R1103)', async (flags, env, words) => {
    const { code, stderr } = await told('', ['receive', '--links', JULIET, ...flags], env);
    const said = words === DIRECT ? stderr : stderr.slice(0, words.length);
    expect([code, said]).toEqual([4, words]);
  });
});
