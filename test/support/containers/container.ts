import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Running, start } from '../programs/process.js';
import { flagsOf, readDockerfile, wordsOf } from './dockerfile.js';

const run = promisify(execFile);
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Whether containers can be made here, on Debian as root; in CI they have to be. */
export const HAS_CONTAINERS =
  process.env.CI !== undefined || (existsSync('/etc/debian_version') && process.getuid?.() === 0);

/** What a Dockerfile makes: a system in a folder, and what is to be run there. */
export interface Image {
  root: string;
  user: { uid: string; gid: string; home: string };
  volumes: string[];
  health: string[];
  entrypoint: string[];
  /** The words behind `entrypoint` where none are given. */
  command: string[];
}

export interface ContainerOptions {
  args?: string[];
  /** Folders of the machine, by the paths at which they are seen there. */
  volumes: Record<string, string>;
  /** Nothing but the volumes can be written; default false. */
  isReadOnly?: boolean;
}

/** A container that runs, with processes of its own, as a user without any privileges. */
export interface Container extends Running {
  /** The number that its first process has outside. */
  pid(): Promise<number>;
  /** Runs a command beside it, as Docker does to ask for its health. */
  exec(words: string[]): Running;
  /** Sends the signal to its first process, which ignores what it has no handler for; waits for the end. */
  stop(signal?: NodeJS.Signals): ReturnType<Running['stop']>;
}

/** Carries out what a Dockerfile says, on a system that stands for its image, with no network; throws for what it does not know. */
export async function buildImage(text: string, context: string, root: string): Promise<Image> {
  const image: Image = {
    ...{ root, user: { uid: '0', gid: '0', home: '/root' } },
    ...{ volumes: [], health: [], entrypoint: [], command: [] },
  };
  for (const { name, rest } of readDockerfile(text)) {
    const { flags, words } = flagsOf(rest);
    if (name === 'RUN') await runStep(root, context, flags, words);
    else if (name === 'HEALTHCHECK') image.health = wordsOf(words.replace(/^CMD /, ''));
    else if (name === 'USER') image.user = await userOf(root, words);
    else if (name === 'VOLUME') image.volumes.push(...wordsOf(words));
    else if (name === 'ENTRYPOINT') image.entrypoint = wordsOf(words);
    else if (name === 'CMD') image.command = wordsOf(words);
    else if (name !== 'FROM') throw new Error(`${name} is not known here`);
  }
  return image;
}

async function runStep(root: string, context: string, flags: string[], line: string) {
  const mounts = flags.map((flag) => {
    const [, source, target] = /^--mount=type=bind,source=([^,]+),target=([^,]+)$/.exec(flag) ?? [];
    if (!source || !target) throw new Error(`${flag} is not known here`);
    return `mount --bind ${quoted(join(context, source))} ${quoted(join(root, target))}`;
  });
  const script = [...systemMounts(root), ...mounts, `exec chroot ${quoted(root)} /bin/sh -c "$0"`];
  const namespaces = ['--mount', '--pid', '--net', '--fork'];
  const env = { PATH, HOME: '/root' };
  await run('unshare', [...namespaces, 'sh', '-ec', script.join('\n'), line], { env });
}

/** The command that starts a container, and its environment. */
export function commandOf(image: Image, { args, volumes, isReadOnly }: ContainerOptions) {
  const root = quoted(image.root);
  const words = [...image.entrypoint, ...(args ?? image.command)];
  const script = [
    `mount --bind ${root} ${root}`,
    ...systemMounts(image.root),
    ...Object.entries(volumes).map(
      ([path, folder]) => `mount --bind ${quoted(folder)} ${quoted(join(image.root, path))}`,
    ),
    ...(isReadOnly ? [`mount -o remount,bind,ro ${root}`] : []),
    `exec chroot ${root} "$@"`,
  ];
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  return {
    command: [
      ...['unshare', ...namespaces, 'sh', '-ec', script.join('\n'), 'sh'],
      ...[...asUser(image), '--pdeathsig=KILL', ...words],
    ],
    env: { PATH, HOME: image.user.home },
  };
}

export function startContainer(image: Image, options: ContainerOptions): Container {
  const { command, env } = commandOf(image, options);
  const [program = '', ...args] = command;
  const running = start(program, args, { env, stdin: '' });
  const pid = async () => {
    const path = `/proc/${running.child.pid}/task/${running.child.pid}/children`;
    return Number(await readFile(path, 'utf8'));
  };
  return {
    ...{ ...running, pid },
    exec: (words) => {
      const script = `exec nsenter --target $(cat /proc/$0/task/$0/children) --mount --pid --root --wd=/ "$@"`;
      const inside = [...asUser(image), ...words];
      return start('sh', ['-c', script, `${running.child.pid}`, ...inside], { env, stdin: '' });
    },
    stop: async (signal = 'SIGTERM') => {
      if (running.child.exitCode === null) process.kill(await pid(), signal);
      return running.exited;
    },
  };
}

function systemMounts(root: string): string[] {
  return [
    `mount --rbind /dev ${quoted(join(root, 'dev'))}`,
    `mount --types proc proc ${quoted(join(root, 'proc'))}`,
  ];
}

function asUser({ user: { uid, gid } }: Image): string[] {
  const dropped = ['--clear-groups', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...dropped];
}

async function userOf(root: string, name: string): Promise<Image['user']> {
  const lines = (await readFile(join(root, 'etc/passwd'), 'utf8')).split('\n');
  const [, , uid, gid, , home] =
    lines.map((line) => line.split(':')).find(([one]) => one === name) ?? [];
  if (!uid || !gid || !home) throw new Error(`there is no user ${name}`);
  return { uid, gid, home };
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
