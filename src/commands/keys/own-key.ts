import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { shellOperands, shellWord } from '../../shell.js';
import {
  exportKey,
  hasKey,
  importKey,
  type NewKey,
  replaceKey,
  type SecretKeys,
  showKey,
} from '../../transfer/keys/own-key.js';
import type { Reporter } from '../../ui/report.js';
import { type AccountFlags, requireAccount } from '../account/account-options.js';
import { readSecret } from '../account/password.js';
import { askHidden } from '../account/prompt.js';
import { confirm, requireKeyboard } from '../account/questions.js';
import type { Context, OutputFlags } from '../context.js';
import { askForLine } from './ask-for-line.js';
import { tellOfMade } from './made-key.js';

export interface KeyFlags extends Pick<AccountFlags, 'account'>, OutputFlags {}

export interface ShowFlags extends KeyFlags {
  qr?: boolean;
}

export interface ExportFlags extends KeyFlags {
  output?: string;
}

export async function show(flags: ShowFlags, context: Context): Promise<void> {
  const { report } = await context.reporter(flags);
  const key = await showKey(await context.openKeys(), requireAccount(flags), tellOfMade(report));
  report({ event: 'key', ...key });
  if (!flags.qr) return;
  const { qrCode } = await import('../../ui/qr-code.js');
  context.stderr.write(qrCode(key.uri));
}

export async function exportTo(flags: ExportFlags, context: Context): Promise<void> {
  const { warn, report } = await context.reporter(flags);
  const account = requireAccount(flags);
  const text = `${await exportKey(await context.openKeys(), account, tellOfMade(report))}\n`;
  if (flags.output === undefined || flags.output === '-') {
    context.stdout.write(text);
    return;
  }
  // Another key may be the only copy of it.
  const isOne = (bytes: Buffer) => bytes.toString('utf8').trim() === text.trim();
  const secret = { what: 'copy of this key', isOne };
  const path = await context.saveFile(Buffer.from(text), { over: flags.output, secret });
  // A pipe or a device is nobody's to remove, and what is gone is removed.
  const there = await stat(path).catch(() => undefined);
  if (!there?.isFile()) return;
  const file = path === resolve(flags.output) ? flags.output : path;
  warn(`${file} is the secret key of ${account}; remove it when the other machine has it`);
}

export async function importFrom(
  file: string | undefined,
  flags: KeyFlags,
  context: Context,
): Promise<void> {
  const reporter = await context.reporter(flags);
  const account = requireAccount(flags);
  const text =
    file === undefined || file === '-' ? await typed(context) : await readSecret(file, context);
  tell(await importKey(await context.openKeys(), account, text), reporter);
}

/** A secret is not to stay on the screen, nor in what the terminal remembers. */
async function typed(context: Context): Promise<string> {
  const { stdin } = context;
  const prompt = 'The secret key, as "inband key export" shows it: ';
  return stdin.isTTY
    ? askHidden(prompt, stdin, context, ['no key was given', 'type or paste it'])
    : askForLine(prompt, context);
}

async function make(keys: SecretKeys, account: string, { report }: Reporter): Promise<void> {
  report({ event: 'key', ...(await showKey(keys, account, tellOfMade(report))) });
}

/** A slip of the hand would have everybody refuse this account. */
export async function replace(flags: KeyFlags, context: Context): Promise<void> {
  const reporter = await context.reporter(flags);
  const account = requireAccount(flags);
  const keys = await context.openKeys();
  // Without one there is nothing to ask about, and nothing that another would take the place of.
  if (!(await hasKey(keys, account))) return make(keys, account, reporter);
  const keyboard = requireKeyboard(
    context,
    'you are to be asked first',
    `run it in a terminal, or give a key: inband key import -a ${shellWord(account)} <file>`,
  );
  const what = `Make another key for ${account}? Whoever knows the present one refuses the new one until they trust it.`;
  if (!(await confirm(what, keyboard, context))) {
    return reporter.report({ event: 'notice', text: 'the key stays as it is' });
  }
  tell(await replaceKey(keys, account), reporter);
}

function tell({ replaced: { wasKnown, kept }, ...key }: NewKey, { report, warn }: Reporter): void {
  report({ event: 'key', ...key });
  warn(`this is the key of ${key.jid} now; "inband receive" has it when it is started again`);
  if (wasKnown) {
    warn(
      `whoever knows the key that it had refuses this one until they have compared it, and run: inband trust add ${shellOperands(key.jid)}`,
    );
  }
  if (!kept) return;
  warn(
    kept.isWhole
      ? `the key that it had is kept in ${kept.path}; this takes it back: inband key import -a ${shellWord(key.jid)} ${shellOperands(kept.path)}`
      : `what was in the place of its key could not be used, and is kept in ${kept.path}`,
  );
}
