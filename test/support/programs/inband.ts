import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestServer } from '../servers/server.js';
import { type Running, type StartOptions, start } from './process.js';
import { type OnTerminal, startOnTerminal, type TerminalOptions } from './terminal.js';

export interface RunOptions extends StartOptions {
  /** A temporary folder that stands for the user's home: settings, cache and data go there. */
  home: string;
  /** Added to the environment, which has no INBAND_ variable otherwise; see `accountOf`. */
  env?: Record<string, string>;
  /** A command with the program behind it. */
  within?: readonly string[];
  /** Default: that of this checkout. */
  launcher?: string;
}

const LAUNCHER = fileURLToPath(new URL('../../../bin/inband.js', import.meta.url));

/** Runs the built program. Standard input is empty unless `stdin` says otherwise. */
export function runInband(
  args: string[],
  { home, env, within = [], launcher = LAUNCHER, ...options }: RunOptions,
): Running {
  const [command = '', ...others] = [...within, process.execPath, launcher, ...args];
  return start(command, others, {
    stdin: '',
    ...options,
    env: environmentOf(home, env),
  });
}

export interface RunOnTerminalOptions extends TerminalOptions, Pick<RunOptions, 'home'> {
  env?: Record<string, string>;
  /** Words that reach it through a pipe, standard input being no terminal then. */
  piped?: string;
}

/** Runs the built program on a pseudo-terminal. */
export function runInbandOnTerminal(
  args: string[],
  { home, env, piped, ...options }: RunOnTerminalOptions,
): OnTerminal {
  const environment = environmentOf(home, { TERM: 'xterm', ...env });
  const command = [process.execPath, LAUNCHER, ...args];
  const inPipeline = ['sh', '-c', `printf '${piped}' | "$@"`, 'sh', ...command];
  return startOnTerminal(piped === undefined ? command : inPipeline, {
    ...options,
    env: environment,
  });
}

function environmentOf(home: string, env: Record<string, string> | undefined): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(INBAND|XDG)_|_proxy$/i.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_STATE_HOME: join(home, '.local/state'),
    ...env,
  };
}

/** The environment that lets a command go online with a test server's account. */
export function accountOf(server: TestServer, name: string, resource = ''): Record<string, string> {
  const { jid, password } = server.account(name);
  return {
    INBAND_ACCOUNT: resource ? `${jid}/${resource}` : jid,
    INBAND_PASSWORD: password,
    INBAND_SERVICE: server.service,
    INBAND_TLS_CA: server.caPath,
  };
}
