import { type Command, Option } from 'commander';
import type { Names } from '../../transfer/people/typed-address.js';
import { UsageError } from '../context.js';
import type { Origins } from './origin.js';

export interface AccountFlags {
  account?: string;
  passwordFile?: string;
  passwordCommand?: string;
  service?: string;
  tlsCa?: string;
  allowPlain?: boolean;
  proxy?: string;
  /** No flag: hosts to which the proxy of the environment does not count. */
  noProxy?: readonly string[] | undefined;
  /** No flag: where the values came from. */
  origins?: Origins;
  /** No flag: those in the settings file. */
  names?: Names;
  /** No flag: the files of passwords that the settings file names, for whatever account. */
  passwordFiles?: readonly string[];
}

/** Which account. */
export const accountOption = (): Option =>
  new Option(
    '-a, --account <jid>',
    'own JID, resource optional, or the name of an account in the settings file',
  ).env('INBAND_ACCOUNT');

/** Adds the flags of every command that goes online. */
export function addAccountOptions(command: Command): Command {
  command
    .addOption(accountOption())
    .addOption(
      new Option(
        '--password-file <path>',
        'file with the password in its first line, which nobody else may read; else $INBAND_PASSWORD is taken, or you are asked',
      ).conflicts('passwordCommand'),
    )
    .option('--password-command <command>', 'command that prints the password');
  return addServerOptions(command);
}

/** Adds the flags that say which server it is, and what it may see. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--service <uri>',
        'xmpp://host:port (STARTTLS), xmpps://host:port or wss://host/path (WebSocket); default: by DNS (SRV) of the domain of the account, and last by its host-meta',
      ).env('INBAND_SERVICE'),
    )
    .addOption(new Option('--tls-ca <pem>', 'trust this CA as well').env('INBAND_TLS_CA'))
    .option('--allow-plain', 'let the server see the password (SASL PLAIN); without it SCRAM alone')
    .option(
      '--proxy <uri>',
      'socks5:// or http://[user:password@]host:port, by which all connections go; else $ALL_PROXY or $HTTPS_PROXY, but for hosts in $NO_PROXY',
    );
}

/** The account's JID. Throws `UsageError`. */
export function requireAccount(flags: AccountFlags): string {
  if (!flags.account)
    throw new UsageError(
      'no account is given',
      'set it up: inband login name@example.org',
      'or name it: -a name@example.org, or INBAND_ACCOUNT in the environment',
    );
  return flags.account;
}
