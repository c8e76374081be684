// Where a password may be kept.

import { existsSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { shellQuoted } from '../../shell.js';
import { type Context, UsageError } from '../context.js';
import type { Entry } from './entry.js';
import type { Keeper } from './keeper.js';
import { isOnPath, runKeeper } from './run-keeper.js';
import { whileLocked } from './settings-lock.js';

/** What the keyrings know it by. */
const SERVICE = 'inband';

const NO_SERVICE = 'a service that runs without you cannot read it there';

/** The best come first. */
export function keepersOf(
  { account, name, known }: Entry,
  context: Context,
  platform: NodeJS.Platform = process.platform,
): Keeper[] {
  const keyring = platform === 'darwin' ? keychain : secretTool;
  const path = join(dirname(context.settingsPath), `${name}.password`);
  const isOurs = known.passwordFile === path;
  return [
    keyring(account, context),
    pass(account, known.passwordCommand, context),
    file(path, isOurs, context),
  ];
}

function secretTool(account: string, context: Context): Keeper {
  const attributes = ['service', SERVICE, 'account', account];
  const store = ['secret-tool', 'store', `--label=inband ${account}`, ...attributes] as const;
  return {
    place: 'in the keyring of the desktop (secret-tool)',
    remark: NO_SERVICE,
    isThere: () => isOnPath('secret-tool', context),
    keep: (password) => runKeeper(store, password, context),
    forget: (signal = context.signal) =>
      runKeeper(['secret-tool', 'clear', ...attributes], '', { ...context, signal }),
    source: {
      passwordCommand: `secret-tool lookup service ${SERVICE} account ${shellQuoted(account)}`,
    },
  };
}

/** `security` takes a password by its arguments, or as a line of the commands that it reads. */
function keychain(account: string, context: Context): Keeper {
  const of = (name: string) => `-s ${SERVICE} -a ${name}`;
  const hex = (password: string) => Buffer.from(password).toString('hex');
  return {
    place: 'in the keychain (security)',
    remark: NO_SERVICE,
    isThere: () => isOnPath('security', context),
    keep: (password) =>
      runKeeper(
        ['security', '-i'],
        `add-generic-password -U ${of(escaped(account))} -X ${hex(password)}\n`,
        context,
      ),
    forget: (signal = context.signal) =>
      runKeeper(['security', '-i'], `delete-generic-password ${of(escaped(account))}\n`, {
        ...context,
        signal,
      }),
    source: { passwordCommand: `security find-generic-password -w ${of(shellQuoted(account))}` },
  };
}

/** `command`: how the settings get at the password of the account, if they do. */
function pass(account: string, command: string | undefined, context: Context): Keeper {
  const entry = `${SERVICE}/${account}`;
  const source = { passwordCommand: `pass show ${shellQuoted(entry)}` };
  const { env } = context;
  const store = env.PASSWORD_STORE_DIR || join(env.HOME ?? '', '.password-store');
  return {
    place: 'in pass',
    remark: `${NO_SERVICE}, unless its key has no passphrase`,
    // Before `pass init` it has nothing to encrypt with.
    isThere: async () => existsSync(join(store, '.gpg-id')) && (await isOnPath('pass', context)),
    keep: async (password) => {
      // It may have more in it than a password.
      if (command !== source.passwordCommand && existsSync(join(store, `${entry}.gpg`))) {
        throw new UsageError(`pass has ${entry} already`, 'move it away');
      }
      await runKeeper(['pass', 'insert', '-m', '-f', entry], password, context);
    },
    forget: (signal = context.signal) =>
      runKeeper(['pass', 'rm', '-f', entry], '', { ...context, signal }),
    source,
  };
}

/** `isOurs`: the settings have this file for the account already. */
function file(path: string, isOurs: boolean, context: Context): Keeper {
  let isElses = false;
  return {
    place: `in ${path}`,
    remark: 'nobody else may read it; a service needs it there',
    isThere: async () => true,
    keep: async (password) => {
      // While we wait for the lock, another login may write its own there.
      isElses = !isOurs;
      await whileLocked(context, async () => {
        if (isElses ? existsSync(path) : await isNoFile(path)) {
          throw new UsageError(`${path} is there already`, 'move it away');
        }
        isElses = false;
        await context.writeSecret(path, `${password}\n`);
      });
    },
    forget: async () => {
      if (isElses) return;
      if (await isNoFile(path)) throw new UsageError(`${path} is no file`, 'move it away');
      await rm(path, { force: true });
    },
    source: { passwordFile: path },
  };
}

/** Whether something is there that is neither a file nor a link, and so is not what was kept. */
async function isNoFile(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && !stats.isFile() && !stats.isSymbolicLink();
}

/** One word, as `security -i` reads it. */
const escaped = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
