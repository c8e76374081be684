// `npm run docs`: draws docs/first-file.svg, the picture of the README, from a real run on a private Prosody.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accountOf, runInband } from './support/programs/inband.js';
import { startProsody } from './support/servers/prosody.js';

const PICTURE = fileURLToPath(new URL('../docs/first-file.svg', import.meta.url));
const FILE_BYTES = 8_000_000;

const COLUMNS = 92;
// Pixels.
const CHARACTER = 7.8;
const LINE = 19;
const BAR = 28;
const MARGIN = 14;
const GAP = 12;

interface Panel {
  title: string;
  lines: string[];
}

const folder = await mkdtemp(join(tmpdir(), 'inband-picture-'));
const server = await startProsody();
try {
  await writeFile(PICTURE, draw(await play()));
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function play(): Promise<Panel[]> {
  const juliet = await person('juliet');
  const romeo = await person('romeo');
  await server.subscribe('juliet', 'romeo');
  await writeFile(join(romeo.home, 'holiday.mp4'), randomBytes(FILE_BYTES));
  const received = ['receive', '--dir', 'inbox'];
  const receiving = runInband(received, { ...juliet, cwd: juliet.home });
  await receiving.line(/^online as /, 'stderr');
  const sent = ['send', 'holiday.mp4', juliet.jid];
  const sending = runInband(sent, { ...romeo, cwd: romeo.home });
  const { code } = await sending.exited;
  if (code !== 0) throw new Error(`inband send ended with ${code}:\n${sending.stderr()}`);
  const [path] = await receiving.line(/^\/.*/);
  await receiving.stop('SIGINT');
  const shown = path.replace(juliet.home, '/home/juliet');
  return [
    { title: 'juliet', lines: [command(received), ...linesOf(receiving.stderr()), shown] },
    { title: 'romeo', lines: [command(sent), ...linesOf(sending.stderr())] },
  ];
}

async function person(name: string) {
  const { jid } = await server.addAccount(name, randomBytes(8).toString('hex'));
  const home = join(folder, name);
  await mkdir(home);
  return { jid, home, env: accountOf(server, name) };
}

function command(args: string[]): string {
  return ['$ inband', ...args].join(' ');
}

/** As a terminal of so many columns shows it. */
function linesOf(output: string): string[] {
  const wrap = new RegExp(`.{1,${COLUMNS}}`, 'g');
  return output
    .trimEnd()
    .split('\n')
    .flatMap((line) => line.match(wrap) ?? ['']);
}

function draw(panels: Panel[]): string {
  const width = Math.ceil(COLUMNS * CHARACTER + 2 * MARGIN);
  const drawn: string[] = [];
  let top = 0;
  for (const panel of panels) {
    const height = BAR + 2 * MARGIN + panel.lines.length * LINE;
    drawn.push(drawPanel(panel, top, width, height));
    top += height + GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top - GAP}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">`,
    '<title>Two terminals: inband receive waits, inband send sends it a file.</title>',
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, lines }: Panel, top: number, width: number, height: number): string {
  const text = lines.map((line, index) => {
    const y = top + BAR + MARGIN + (index + 0.7) * LINE;
    const colour = line.startsWith('$') ? '#7ee787' : '#e6edf3';
    return `<text x="${MARGIN}" y="${y.toFixed(1)}" fill="${colour}" xml:space="preserve">${escaped(line)}</text>`;
  });
  return [
    `<rect y="${top}" width="${width}" height="${height}" rx="8" fill="#161b22"/>`,
    `<text x="${MARGIN}" y="${top + 18}" fill="#8b949e">${escaped(title)}</text>`,
    ...text,
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
