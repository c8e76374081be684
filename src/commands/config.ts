import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command, Option } from 'commander';
import type { Setting } from '../transfer/events.js';
import { display } from '../ui/display.js';
import { type AccountFlags, addAccountOptions } from './account/account-options.js';
import type { Context, OutputFlags } from './context.js';
import { addExamples } from './help/examples.js';
import { addOutputOptions, keyOf, RepeatableOption } from './options.js';
import { accountOptions, commandsWithSettings, ownOptions } from './settings/settings-options.js';

type ConfigFlags = AccountFlags & OutputFlags;

export function addConfigCommand(program: Command, context: Context): void {
  const command = program
    .command('config')
    .summary('show the settings in force')
    .description(
      'Prints each setting, where it comes from (flag, environment, file or default), and its value.',
    );
  addOutputOptions(addAccountOptions(command)).action((flags: ConfigFlags) =>
    showConfig(program, command, flags, context),
  );
  addExamples(command, [
    'inband config',
    'inband config -a work',
    `inband config --json | grep '"source":"file"'`,
  ]);
}

async function showConfig(
  program: Command,
  command: Command,
  flags: ConfigFlags,
  context: Context,
): Promise<void> {
  const { readSettings } = await import('./settings/settings.js');
  const { applyDefaults } = await import('./settings/apply-settings.js');
  const reporter = await context.reporter(flags);
  const settings = await readSettings(program, context.settingsPath);
  if (!settings.found) reporter.warn(`there is no ${settings.path}`);
  const shown = accountOptions().map((option) => settingOf(command, option, option.name()));
  shown.push(...passwordSetting(flags, context.env));
  for (const other of commandsWithSettings(program)) {
    applyDefaults(other, settings);
    for (const option of ownOptions(other)) {
      shown.push(settingOf(other, option, `${other.name()}.${keyOf(option)}`));
    }
  }
  if (flags.json) return shown.forEach(reporter.report);
  await pipeline(Readable.from(linesOf(shown)), context.stdout, { end: false });
}

const SOURCES: Record<string, Setting['source']> = {
  cli: 'flag',
  env: 'environment',
  config: 'file',
};

function settingOf(command: Command, option: Option, name: string): Setting {
  const key = option.attributeName();
  const value = command.getOptionValue(key) ?? defaultOf(option);
  const source = SOURCES[command.getOptionValueSource(key) ?? ''] ?? 'default';
  return { event: 'setting', name, source, ...(value === undefined ? {} : { value }) };
}

/** Some are in words only, for the code says what is meant where none is given. */
function defaultOf(option: Option): string | string[] | false | undefined {
  if (!option.required) return false;
  const text = option.defaultValueDescription;
  return option instanceof RepeatableOption ? text?.split(', ') : text;
}

/** What the flags do not tell of the password. The password itself is shown nowhere. */
function passwordSetting(flags: ConfigFlags, env: NodeJS.ProcessEnv): Setting[] {
  if (flags.passwordFile || flags.passwordCommand) return [];
  const password = { event: 'setting', name: 'password' } as const;
  return env.INBAND_PASSWORD
    ? [{ ...password, source: 'environment', value: 'hidden' }]
    : [{ ...password, source: 'default', value: 'asked for' }];
}

/** Name, source and value, in columns. */
function linesOf(settings: Setting[]): string[] {
  const width = Math.max(...settings.map(({ name }) => name.length));
  return settings.map(({ name, source, value }) => {
    const text = Array.isArray(value) ? value.join(', ') : String(value ?? '-');
    return `${name.padEnd(width)}  ${source.padEnd('environment'.length)}  ${display(text)}\n`;
  });
}
