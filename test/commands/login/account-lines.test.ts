import { describe, expect, test } from '@jest/globals';
import { accountLines, changed } from '../../../src/commands/login/account-lines.js';

const KEYS = { jid: 'romeo@example.org', 'password-file': 'romeo.password' };
const LINES = '[accounts.romeo]\njid = "romeo@example.org"\npassword-file = "romeo.password"\n';

const OTHERS = [
  '# mine\naccount = "home" # the usual one\n',
  '[accounts.home]\njid = "juliet@example.org" # not changed\n',
  '[send]\n  window = 8\n[names]\nnurse = "nurse@example.org"\n',
];

describe('an account that is added', () => {
  test.each([
    ['', LINES],
    ['# nothing yet\n', `# nothing yet\n\n${LINES}`],
    ['[send]\nwindow = 8', `[send]\nwindow = 8\n\n${LINES}`],
    [OTHERS.join(''), `${OTHERS.join('')}\n${LINES}`],
    ['[send]\r\nwindow = 8\r\n', `[send]\r\nwindow = 8\r\n\r\n${LINES}`.replace(/\r?\n/g, '\r\n')],
  ])('stands behind all that is there: %j (R990)', async (text, expected) => {
    expect(await changed(text, { name: 'romeo', keys: KEYS })).toBe(expected);
  });

  test('as the default one is named above all tables (R990)', async () => {
    const text = '[send]\nwindow = 8\n';
    const change = { name: 'romeo', keys: KEYS, isDefault: true } as const;
    expect(await changed(text, change)).toBe(`account = "romeo"\n${text}\n${LINES}`);
  });

  test.each([
    'accounts = { home = { jid = "juliet@example.org" } }\n',
    'text = """\n[accounts.romeo]\n"""\n',
    'no toml',
  ])('is not where it would not mean that alone: %j (R990)', async (text) => {
    expect(await changed(text, { name: 'romeo', keys: KEYS })).toBeUndefined();
  });
});

describe('an account that is there', () => {
  const own = (lines: string) => `${OTHERS[1]}[accounts.romeo] # his\n${lines}\n${OTHERS[2]}`;

  test('has new lines in place of its own, and keeps the others (R990)', async () => {
    const text = own('# the old one\njid = "romeo@example.org"\ntls-ca = "ca.pem" # ours\n');
    const keys = { 'password-file': 'romeo.password', 'password-command': undefined };
    expect(await changed(text, { name: 'romeo', keys })).toBe(
      own(
        'password-file = "romeo.password"\n# the old one\njid = "romeo@example.org"\ntls-ca = "ca.pem" # ours\n',
      ),
    );
  });

  test.each([
    ['"romeo@example.org"', ' # keep?'],
    ["'romeo@example.org'", '# "his"'],
    ['"a#b\\"#c"', '\t# one # two'],
    ['true', ' # was a mistake'],
  ])(
    'keeps the comment behind a key that is written anew: %s%s (R1204)',
    async (value, comment) => {
      for (const eol of ['\n', '\r\n']) {
        const text = own(`jid = ${value}${comment}\nservice = "x#y"\n`).replaceAll('\n', eol);
        const keys = { jid: 'romeo@other.example', service: 'z' };
        const changedLines = `jid = "romeo@other.example"${comment}\nservice = "z"\n`;
        expect(await changed(text, { name: 'romeo', keys })).toBe(
          own(changedLines).replaceAll('\n', eol),
        );
      }
    },
  );

  test('loses what takes the place of another key (R990)', async () => {
    const text = own('jid = "romeo@example.org"\npassword-command = "pass show x" # x\n');
    const keys = { ...KEYS, 'password-command': undefined };
    expect(await changed(text, { name: 'romeo', keys })).toBe(
      own('jid = "romeo@example.org"\npassword-file = "romeo.password"\n'),
    );
  });

  test.each(['romeo', '"romeo"', "'romeo'", ' "romeo" '])(
    'goes with its lines, whatever stands around them: %s (R990)',
    async (name) => {
      const table = `[ accounts . ${name} ]\n# his\njid = "romeo@example.org"\n`;
      const text = `${OTHERS[0]}${OTHERS[1]}${table}\n# what follows\n${OTHERS[2]}`;
      expect(await changed(text, { name: 'romeo', keys: undefined })).toBe(
        `${OTHERS[0]}${OTHERS[1]}\n# what follows\n${OTHERS[2]}`,
      );
    },
  );

  test('takes the default with it (R990)', async () => {
    const change = { name: 'romeo', keys: undefined, isDefault: null } as const;
    expect(await changed(`account = "romeo"\n\n${LINES}`, change)).toBe('');
  });

  test.each([
    'accounts = { romeo = { jid = "romeo@example.org" } }\n',
    '[accounts]\nromeo = { jid = "romeo@example.org" }\n',
    '[accounts.romeo]\njid = "romeo@example.org"\npassword-command = """\npass show romeo"""\n',
  ])('stays where its lines cannot be told for sure: %j (R990)', async (text) => {
    const keys = { 'password-command': 'pass show inband/romeo' };
    expect(await changed(text, { name: 'romeo', keys })).toBeUndefined();
  });
});

test('the lines that are printed are those that would be written (R990)', async () => {
  expect(await accountLines({ name: 'romeo', keys: KEYS, isDefault: true })).toBe(
    `account = "romeo"\n\n${LINES}`,
  );
});
