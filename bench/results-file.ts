import { readFileSync, writeFileSync } from 'node:fs';

const RESULTS = new URL('RESULTS.md', import.meta.url);
const HEADING = /^## /m;

interface Chapter {
  title: string;
  text: string;
}

/** Puts what was measured into bench/RESULTS.md, whose chapters have these titles, in this order, and no others. */
export function writeChapter(
  circumstances: string,
  { title, text }: Chapter,
  order: readonly string[],
): void {
  const chapters = new Map([...readChapters(), [title, text]]);
  const known = order.filter((one) => chapters.has(one));
  const texts = known.map((one) => `## ${one}\n\n${chapters.get(one)}\n`);
  writeFileSync(RESULTS, [`# Results\n\n${circumstances}\n`, ...texts].join('\n'));
}

function readChapters(): [title: string, text: string][] {
  const [, ...chapters] = readFileSync(RESULTS, 'utf8').split(HEADING);
  return chapters.map((chapter) => {
    const end = chapter.indexOf('\n');
    return [chapter.slice(0, end), chapter.slice(end).trim()];
  });
}
