import type { Command } from 'commander';
import { accountOption } from '../account/account-options.js';
import type { Context } from '../context.js';
import { addExamples } from '../help/examples.js';
import { addOutputOptions } from '../options.js';
import { runDefaultAlone } from './default-command.js';
import type { ExportFlags, KeyFlags, ShowFlags } from './own-key.js';

export function addKeyCommand(program: Command, context: Context): void {
  const key = program
    .command('key')
    .summary('show, copy or replace the own key')
    .description('Looks after the key of the own account on this machine.');
  const work = () => import('./own-key.js');
  const show = key
    .command('show', { isDefault: true })
    .description('Prints the public key, which others may know, and makes one the first time.')
    .option('--qr', 'show it as a QR code too');
  add(show).action(async (flags: ShowFlags) => (await work()).show(flags, context));
  const exported = key
    .command('export')
    .description(
      'Prints the secret key, for another machine of the same person. Nobody else may see it.',
    )
    .option('-o, --output <path>', 'write it to this file instead, which nobody else can read');
  add(exported).action(async (flags: ExportFlags) => (await work()).exportTo(flags, context));
  const imported = key
    .command('import')
    .description(
      'Takes a secret key that was exported, in place of the one that is here; without a file it is asked for.',
    )
    .argument('[file]', 'what "inband key export" has written');
  add(imported).action(async (file: string | undefined, flags: KeyFlags) =>
    (await work()).importFrom(file, flags, context),
  );
  const replaced = key
    .command('replace')
    .description(
      'Makes another key, and asks first. Whoever knows the old one, which is kept in a file, refuses the new one until they trust it.',
    );
  add(replaced).action(async (flags: KeyFlags) => (await work()).replace(flags, context));
  runDefaultAlone(key);
  showExamples(key);
}

function showExamples(key: Command): void {
  addExamples(key, ['inband key', 'inband key export -o laptop.key']);
  const examples: Record<string, string[]> = {
    show: ['inband key show', 'inband key show --qr'],
    export: [
      'inband key export -o laptop.key',
      'inband key export | ssh laptop inband key import -a juliet@example.org',
    ],
    import: ['inband key import laptop.key'],
    replace: ['inband key replace'],
  };
  for (const command of key.commands) addExamples(command, examples[command.name()] ?? []);
}

const add = (command: Command) => addOutputOptions(command.addOption(accountOption()));
