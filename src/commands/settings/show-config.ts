import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command, Option } from 'commander';
import type { Setting } from '../../transfer/listed-events.js';
import { shownProxy, shownService } from '../../transfer/people/own-account.js';
import { display } from '../../ui/display.js';
import type { Reporter } from '../../ui/report.js';
import type { AccountFlags } from '../account/account-options.js';
import { checkSecret } from '../account/password.js';
import { type Context, explanationsBy, type OutputFlags } from '../context.js';
import { inUnits, takesTime } from '../measures.js';
import { RepeatableOption, settingNameOf } from '../options.js';
import { applyDefaults } from './apply-settings.js';
import { readSettings, type Settings } from './settings.js';
import { accountOptions, commandsWithSettings, ownOptions } from './settings-options.js';
import { checkSettingsSecret } from './settings-secret.js';

export type ConfigFlags = AccountFlags & OutputFlags;

/** Prints what is in force for every command that goes online. */
export async function showConfig(
  program: Command,
  command: Command,
  flags: ConfigFlags,
  context: Context,
): Promise<void> {
  const reporter = await context.reporter(flags);
  const settings = await readSettings(program, context.settingsPath);
  const origin = settings.found ? `from ${settings.path}` : `no settings in ${settings.path} yet`;
  if (!flags.json) reporter.report({ event: 'notice', text: origin });
  const shown = accountOptions().map((option) => settingOf(command, option, option.name()));
  const times = new Set<string>();
  shown.push(...passwordSetting(flags, context.env));
  for (const [name, jid] of settings.names) {
    shown.push({ event: 'setting', name: `names.${name}`, source: 'file', value: jid });
  }
  for (const other of commandsWithSettings(program)) {
    applyDefaults(other, settings);
    for (const option of ownOptions(other)) {
      const setting = settingOf(other, option, `${other.name()}.${settingNameOf(option)}`);
      shown.push(setting);
      if (takesTime(option)) times.add(setting.name);
    }
  }
  if (flags.json) shown.forEach(reporter.report);
  else await pipeline(Readable.from(linesOf(shown, times)), context.stdout, { end: false });
  await checkPasswords(flags.passwordFile, settings, context, reporter);
}

/** Warns of each file that no command would take a password from, once. */
async function checkPasswords(
  passwordFile: string | undefined,
  { accounts, path: settingsPath }: Settings,
  context: Context,
  { warn }: Reporter,
): Promise<void> {
  const explain = await explanationsBy(context);
  const valuesOf = (key: string) => [...accounts.values()].map((values) => values.get(key));
  const paths = [passwordFile, ...valuesOf('passwordFile')];
  const checks = [
    ...paths.map((path) => typeof path === 'string' && checkSecret(path, context)),
    ...valuesOf('proxy').map((proxy) => checkSettingsSecret(settingsPath, proxy, context)),
  ];
  const warned = new Set<string>();
  for (const checked of await Promise.allSettled(checks)) {
    if (checked.status === 'fulfilled') continue;
    const { text = '', hints = [] } = explain(checked.reason);
    warned.add([text, ...hints].join('; '));
  }
  for (const text of warned) warn(text);
}

const SOURCES: Record<string, Setting['source']> = {
  cli: 'flag',
  env: 'environment',
  config: 'file',
};

/** How what may have a password in it is shown. */
const SHOWN: Record<string, (value: string) => string> = {
  proxy: shownProxy,
  service: shownService,
};

function settingOf(command: Command, option: Option, name: string): Setting {
  const key = option.attributeName();
  const given = command.getOptionValue(key) ?? defaultOf(option);
  const value = SHOWN[key] && command.getOptionValue(key) ? SHOWN[key](given) : given;
  const source = SOURCES[command.getOptionValueSource(key) ?? ''] ?? 'default';
  return { event: 'setting', name, source, ...(value === undefined ? {} : { value }) };
}

/** The default in words: some options have no other, as their code decides what none means. */
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

/** Name, source and value, in columns; `times`: the names of those that are seconds. */
function linesOf(settings: Setting[], times: ReadonlySet<string>): string[] {
  const width = Math.max(...settings.map(({ name }) => name.length));
  return settings.map(({ name, source, value }) => {
    const text = times.has(name) && typeof value === 'number' ? inUnits(value) : textOf(value);
    return `${name.padEnd(width)}  ${source.padEnd('environment'.length)}  ${display(text)}\n`;
  });
}

const textOf = (value: unknown): string =>
  Array.isArray(value) ? value.join(', ') : String(value ?? '-');
