import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LISTS = '/var/lib/dpkg/info';
/** What Debian's slim images leave out, of later packages, too. */
const LEFT_OUT = ['/usr/share/doc/', '/usr/share/man/', '/usr/share/locale/', '/usr/share/info/'];

interface Installed {
  name: string;
  isBase: boolean;
  provides: string[];
  /** For each thing that it asks for, the names of those that can stand for it. */
  depends: string[][];
}

/**
 * Makes a system in a folder as `debian:12-slim` has it, of the packages that are on this machine: those that Debian
 * calls required, apt, and what they ask for. No record is there of any other package.
 */
export async function prepareDebianRoot(root: string): Promise<void> {
  const packages = basePackages(await installedPackages());
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(root, 'usr', folder), { recursive: true });
    await symlink(`usr/${folder}`, join(root, folder));
  }
  for (const folder of ['dev', 'mnt', 'proc', 'tmp', 'var/lib/dpkg/info', 'var/lib/dpkg/updates'])
    await mkdir(join(root, folder), { recursive: true });
  await copyFiles(await filesOf(packages), root);
  for (const name of ['passwd', 'group'])
    await copyFile(`/usr/share/base-passwd/${name}.master`, join(root, 'etc', name));
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  await copyRecords(packages, root);
  const rules = LEFT_OUT.map((path) => `path-exclude ${path}*\n`).join('');
  await mkdir(join(root, 'etc/dpkg/dpkg.cfg.d'), { recursive: true });
  await writeFile(
    join(root, 'etc/dpkg/dpkg.cfg.d/docker'),
    `${rules}path-include /usr/share/doc/*/copyright\n`,
  );
}

async function installedPackages(): Promise<Installed[]> {
  const fields = ['Package', 'Essential', 'Priority', 'Provides', 'Pre-Depends', 'Depends'];
  const format = `${fields.map((field) => `\${${field}}`).join('\t')}\n`;
  const { stdout } = await run('dpkg-query', ['--show', `--showformat=${format}`]);
  const names = (list: string) =>
    list.split('|').map((one) => one.trim().split(/[\s:(]/, 1)[0] ?? '');
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [name = '', essential, priority, provides = '', ...depends] = line.split('\t');
      const isBase = essential === 'yes' || priority === 'required' || name === 'apt';
      const groups = depends
        .join(',')
        .split(',')
        .filter((group) => group.trim());
      return {
        name,
        isBase,
        provides: provides.split(',').flatMap(names),
        depends: groups.map(names),
      };
    });
}

function basePackages(all: Installed[]): string[] {
  const found = new Set<string>();
  const add = ({ name, depends }: Installed): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const group of depends) {
      const chosen = all.find((one) =>
        group.some((of) => of === one.name || one.provides.includes(of)),
      );
      if (!chosen) throw new Error(`${name} asks for ${group.join(' or ')}, which is not here`);
      add(chosen);
    }
  };
  for (const one of all.filter(({ isBase }) => isBase)) add(one);
  return [...found];
}

/** Their files and links, at the places that these really have. */
async function filesOf(packages: string[]): Promise<string[]> {
  const { stdout } = await run('dpkg', ['--listfiles', ...packages], { maxBuffer: 2 ** 26 });
  const listed = stdout.split('\n').filter((path) => path.startsWith('/') && path !== '/.');
  const wanted = listed.filter((path) => !LEFT_OUT.some((start) => path.startsWith(start)));
  const folders = new Map<string, string>();
  const real = await Promise.all(
    [...new Set(wanted)].map(async (path) => {
      const folder = dirname(path);
      const known = folders.get(folder) ?? (await realpath(folder).catch(() => folder));
      folders.set(folder, known);
      return join(known, basename(path));
    }),
  );
  return real.filter((path) => !/^\/(s?bin|lib(32|64|x32)?)$/.test(path)).sort();
}

/** Some may be gone, as this machine's own image may leave out some. */
async function copyFiles(paths: string[], root: string): Promise<void> {
  const list = join(root, 'tmp/list');
  await writeFile(list, paths.map((path) => `.${path}\n`).join(''));
  const script =
    'tar --create --no-recursion --ignore-failed-read --files-from="$0" 2>/dev/null | tar --extract --directory="$1"';
  await run('sh', ['-c', script, list, root], { cwd: '/' });
}

async function copyRecords(packages: string[], root: string): Promise<void> {
  const { stdout } = await run('dpkg-query', ['--status', ...packages], { maxBuffer: 2 ** 24 });
  await writeFile(join(root, 'var/lib/dpkg/status'), stdout);
  const known = (file: string) =>
    packages.includes(/^(.*?)(:.*)?\.(list|md5sums)$/.exec(file)?.[1] ?? '');
  for (const file of (await readdir(LISTS)).filter((one) => one === 'format' || known(one)))
    await copyFile(join(LISTS, file), join(root, LISTS, file));
}
