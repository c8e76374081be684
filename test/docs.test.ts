import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { unpadded, withMadeParts } from './support/code/made-docs.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'test/peers/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** Without what is in fences: it is not Markdown there. */
const prose = (page: string) => read(page).replace(/^```[\s\S]*?^```$/gm, '');

/** The anchors that a forge gives to the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const headings = prose(page).matchAll(/^#+ (.*)$/gm);
  const slugs = [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(slugs);
}

/** What is wrong with the relative links of a page that has this text. */
function brokenLinks(page: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
  return targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsOf(file).has(anchor);
  });
}

test.each(PAGES)('every link of %s leads somewhere', (page) => {
  expect(brokenLinks(page, prose(page))).toEqual([]);
});

test('a link to a page or a heading that is not there is found', () => {
  const text = '[a](docs/none.md) [b](docs/usage.md#none) [c](#none) [d](docs/usage.md#exit-codes)';
  expect(brokenLinks('README.md', text)).toEqual(['docs/none.md', 'docs/usage.md#none', '#none']);
});

test('every page of docs/ is reached from the README', () => {
  const readme = read('README.md');
  const unreached = PAGES.filter((page) => page.startsWith('docs/') && !readme.includes(page));
  expect(unreached).toEqual([]);
});

test('the README has at most 200 lines', () => {
  expect(read('README.md').split('\n').length - 1).toBeLessThanOrEqual(200);
});

test.each([
  ['allowPlain', 'It never is to a host that only host-meta names (XEP-0156)'],
  ['proxy', 'Default: none, whatever the environment says'],
  ['admit', 'lets nobody in'],
  ['password', 'Kept in memory'],
])('docs/library.md has what `connect` promises of %s (R1304)', (option, promise) => {
  const [said = ''] = read('docs/library.md').match(new RegExp(`^- \`${option}\\b.*$`, 'm')) ?? [];
  expect(said).toContain(promise);
});

test('docs/versions.md has every namespace of our own (R1156)', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(ROOT, 'src', path), 'utf8'));
  const namespaces = sources.flatMap((source) => source.match(/urn:x-inband:[\w:-]*\w/g) ?? []);
  const listed = read('docs/versions.md').match(/(?<=\| `)urn:x-inband:[\w:-]*\w/g) ?? [];
  expect(listed.sort()).toEqual([...new Set(namespaces)].sort());
});

describe('what docs/ has of flags, exit codes, events, slow transfers and the library', () => {
  test.each(['docs/usage.md', 'docs/speed.md', 'docs/library.md'])(
    'is in %s as it is in the program (R681, R1151)',
    async (page) => {
      const now = withMadeParts(read(page));
      if (process.env.UPDATE) writeFileSync(join(ROOT, page), now);
      expect(unpadded(read(page)).split('\n')).toEqual(unpadded(now).split('\n'));
      expect(read(page)).toMatch(/<!-- made: /);
    },
  );

  test('has the flags of each command that has some of its own (R681)', () => {
    const made = [...read('docs/usage.md').matchAll(/<!-- made: flags (.*?) -->/g)];
    expect(made.map(([, name]) => name).sort()).toEqual([
      'fetch',
      'key export',
      'key show',
      'probe',
      'publish',
      'receive',
      'received',
      'send',
      'trust add',
      'trust remove',
      'upload',
    ]);
  });

  test('is made by somebody (R681)', () => {
    expect(() => withMadeParts('<!-- made: by nobody -->\n\n<!-- end -->')).toThrow('nobody makes');
  });
});
