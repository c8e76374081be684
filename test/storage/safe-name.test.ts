import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { safeName } from '../../src/storage/safe-name.js';
import { hostileNames } from './hostile-names.js';

const fragments = [
  ...[
    '.',
    '..',
    ' ',
    '/',
    '\\',
    ':',
    '<',
    '_',
    'CON',
    'com1',
    'NUL.',
    'é',
    'e',
    '\u0301',
    '\u0338',
  ],
  ...['\u200d', '\u202e', '\u00a0', '\u3000', '\ufe0f', '\ud83d', '\ude00', '\u0000', '\u212b'],
  ...['x'.repeat(190), ' '.repeat(190), '.tar.gz', '.pdf', '한', '\u1112', '\u1161', '\u0345'],
];

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...fragments), { maxLength: 12 }).map((parts) => parts.join('')),
  fc.constantFrom(...hostileNames),
);

function expectSafe(name: string): void {
  expect(name).not.toBe('');
  expect(name).toBe(name.normalize('NFC'));
  expect(Buffer.from(name).toString()).toBe(name);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  expect(name).not.toMatch(/[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u061c\ufeff]/u);
  expect(name).not.toMatch(/[/\\<>:"|?*]/);
  expect(name).not.toMatch(/^[-. ]|[. ]$/);
  expect(name).not.toMatch(/^(?:\u200c|\u200d|\ufe0f)|(?:\u200c|\u200d)$/);
  expect(name).not.toMatch(/[a-z](?:\u200c|\u200d|\ufe0f)/i);
  expect(name).not.toMatch(
    /^(con|prn|aux|nul|(com|lpt)[0-9¹²³]|clock\$|conin\$|conout\$) *(\.|$)/i,
  );
}

describe('a safe name', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['Résumé (final) 2026.tar.gz', 'Résumé (final) 2026.tar.gz'],
    ['文件.txt', '文件.txt'],
    ["it's 100% #1 & more~", "it's 100% #1 & more~"],
    ['', 'file'],
    ['...', 'file'],
    ['../../etc/passwd', 'passwd'],
    ['/etc/passwd', 'passwd'],
    ['C:\\Windows\\system.ini', 'system.ini'],
    ['C:autoexec.bat', 'C_autoexec.bat'],
    ['mixed/a\\b', 'b'],
    ['folder/', 'file'],
    ['.bashrc', 'bashrc'],
    ['.. .hidden', 'hidden'],
    ['name. . ', 'name'],
    ['e\u0301.txt', 'é.txt'],
    ['e\u200d\u0301.txt', 'é.txt'],
    ['a\u0000b\u001b[31m\u007f\u0085.txt', 'ab[31m.txt'],
    ['gpj.\u202eexe', 'gpj.exe'],
    ['.\u200b./x', 'x'],
    ['a\ud800b', 'ab'],
    ['two\u2028lines', 'twolines'],
    ['a<b>c:d"e|f?g*h', 'a_b_c_d_e_f_g_h'],
    ['CON', '_CON'],
    ['con.txt', '_con.txt'],
    ['Aux .tar.gz', '_Aux .tar.gz'],
    ['COM0', '_COM0'],
    ['com¹', '_com¹'],
    ['LPT³.log', '_LPT³.log'],
    ['CLOCK$', '_CLOCK$'],
    ['conin$.x', '_conin$.x'],
    ['CONOUT$', '_CONOUT$'],
    ['console', 'console'],
    ['com10', 'com10'],
    ['-rf', '_-rf'],
    ['. -rf', '_-rf'],
    ['\u200b--checkpoint=1', '_--checkpoint=1'],
    ['می\u200cخواهم.txt', 'می\u200cخواهم.txt'],
    ['ශ්\u200dරී.txt', 'ශ්\u200dරී.txt'],
    ['\u{1f468}\u200d\u{1f469}\u200d\u{1f467}.png', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}.png'],
    ['\u2764\ufe0f\u200d\u{1f525}.png', '\u2764\ufe0f\u200d\u{1f525}.png'],
    ['1\ufe0f\u20e3.png', '1\ufe0f\u20e3.png'],
    ['a\u200cb\u200dc\ufe0f.pdf', 'abc.pdf'],
    ['\u200c\u200d\ufe0f', 'file'],
    ['می\u200c', 'می'],
    ['می\u200c\u200cم', 'میم'],
    ['y'.repeat(236), 'y'.repeat(236)],
    ['y'.repeat(255), 'y'.repeat(255)],
    ['nul\u200b', '_nul'],
    [`CON${' '.repeat(300)}x`, '_CON'],
    [`CON.${'x'.repeat(300)}`, `_CON.${'x'.repeat(250)}`],
    [`${'x'.repeat(300)}.tar.gz`, `${'x'.repeat(252)}.gz`],
    [`${'é'.repeat(150)}.pdf`, `${'é'.repeat(125)}.pdf`],
    [`${'é'.repeat(150)}.jpeg`, `${'é'.repeat(125)}.jpeg`],
    ['\u{1f600}'.repeat(70), '\u{1f600}'.repeat(63)],
    [`x.${'y'.repeat(300)}`, `x.${'y'.repeat(253)}`],
  ])('of %j is %j (R68)', (offered, expected) => {
    expect(safeName(offered)).toBe(expected);
  });

  test('of 240,000 dots or accents takes no longer than of a few of them (R67)', () => {
    expect(safeName(`a${'.'.repeat(240_000)}b`)).toBe('a');
    expect(safeName('\u0300'.repeat(120_000))).toBe('\u0300'.repeat(127));
  });

  test('is one short visible component, whatever was offered (R1)', () => {
    fc.assert(
      fc.property(names, (name) => expectSafe(safeName(name))),
      { numRuns: 1000 },
    );
  });

  test('stays as it is', () => {
    fc.assert(
      fc.property(names, (name) => {
        const safe = safeName(name);
        expect(safeName(safe)).toBe(safe);
      }),
      { numRuns: 1000 },
    );
  });
});
