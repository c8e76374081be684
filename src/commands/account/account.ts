import { type Command, Option } from 'commander';
import type { Session } from '../../session/session.js';
import type { StanzaSessionOptions } from '../../session/stanza-session.js';
import type { Reporter } from '../../ui/report.js';
import { type Context, UsageError } from '../context.js';

export interface AccountFlags {
  account?: string;
  passwordFile?: string;
  passwordCommand?: string;
  service?: string;
  tlsCa?: string;
  allowPlain?: boolean;
}

/** Adds the flags of every command that goes online. */
export function addAccountOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '-a, --account <jid>',
        'own JID, or the name of an account in the settings file',
      ).env('INBAND_ACCOUNT'),
    )
    .addOption(
      new Option(
        '--password-file <path>',
        'file that holds the password (else $INBAND_PASSWORD, or asked for)',
      ).conflicts('passwordCommand'),
    )
    .option('--password-command <command>', 'command that prints the password')
    .addOption(
      new Option(
        '--service <uri>',
        'xmpp://host:port (STARTTLS) or xmpps://host:port; default: by DNS',
      ).env('INBAND_SERVICE'),
    )
    .addOption(new Option('--tls-ca <pem>', 'trust this CA as well').env('INBAND_TLS_CA'))
    .option('--allow-plain', 'let the server see the password (SASL PLAIN)');
}

/** The account's JID. Throws `UsageError`. */
export function requireAccount(flags: AccountFlags): string {
  if (!flags.account)
    throw new UsageError(
      'which account? Give -a name@example.org, set INBAND_ACCOUNT, or name one in the settings file',
    );
  return flags.account;
}

type LogInOptions = StanzaSessionOptions & { resource?: string };

/** Logs in as the flags say, and tells the user. */
export async function goOnline(
  flags: AccountFlags,
  context: Context,
  reporter: Reporter,
  options: LogInOptions = {},
): Promise<Session> {
  const session = await logIn(flags, context, reporter, options);
  reportState(session, reporter);
  return session;
}

/** Tells the user that the session is online, and what becomes of it. */
export function reportState(session: Session, { report }: Reporter): void {
  report({ event: 'state', state: 'online', jid: session.jid });
  session.onState((state) => report({ event: 'state', state, jid: session.jid }));
}

/**
 * Goes online when there is need to: again, where the session before has ended. The password is asked for once only.
 */
export function createLine(
  flags: AccountFlags,
  context: Context,
  reporter: Reporter,
  options: LogInOptions,
): { session(): Promise<Session>; close(): Promise<void> } {
  let known: Promise<Login> | undefined;
  let last: Session | undefined;
  return {
    session: async () => {
      if (last && !last.ended.aborted) return last;
      // Who has taken our resource would lose it again.
      if (last?.ended.reason.name === 'ResourceConflict') throw last.ended.reason;
      known ??= rememberPassword(flags, context);
      const login = await known;
      last = await goOnline(login.flags, login.context, reporter, options);
      return last;
    },
    close: async () => last?.close(),
  };
}

export interface Login<F = AccountFlags> {
  flags: F;
  context: Context;
  /** Looks for the password again where it came from a file or a command. Returns whether there is another one now. */
  renew(): Promise<boolean>;
}

/** So long a password or a CA may take that is read once more, where nobody may be there to be asked for something. */
const RENEWAL_MS = 60_000;

/**
 * The flags and the context of one who has given the password and need not be asked again. The CA is read each time,
 * for it may be renewed; one that was good stays so where its file cannot be read any more.
 */
export async function rememberPassword<F extends AccountFlags>(
  flags: F,
  context: Context,
): Promise<Login<F>> {
  const { readPassword } = await import('./password.js');
  const password = await readPassword(flags, context);
  const { passwordFile, passwordCommand, ...others } = flags;
  const env = { ...context.env, INBAND_PASSWORD: password };
  const { readTrust } = await import('./trust.js');
  const trust = remembering((signal) => readTrust(flags.tlsCa, { ...context, signal }), context);
  return {
    flags: others as F,
    context: { ...context, env, trust },
    renew: async () => {
      if (!passwordFile && !passwordCommand) return false;
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(RENEWAL_MS)]);
      // A file that is gone, a keyring that is locked: what was given before is all there is.
      const fresh = await readPassword(flags, { ...context, signal }).catch(
        () => env.INBAND_PASSWORD,
      );
      const isNew = fresh !== env.INBAND_PASSWORD;
      env.INBAND_PASSWORD = fresh;
      return isNew;
    },
  };
}

/** Reads each time; gives what it gave last where that fails, or takes long: a pipe has nothing more to say. */
function remembering<T>(
  read: (signal: AbortSignal) => Promise<T>,
  { signal }: Context,
): () => Promise<T> {
  let last: T | undefined;
  return async () => {
    try {
      const late = AbortSignal.timeout(RENEWAL_MS);
      last = await read(last === undefined ? signal : AbortSignal.any([signal, late]));
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}

/** The first half of going online, for those who have more to do before they may be spoken to. */
export async function logIn(
  flags: AccountFlags,
  context: Context,
  reporter: Reporter,
  options: LogInOptions = {},
): Promise<Session> {
  const account = requireAccount(flags);
  const { readTrust } = await import('./trust.js');
  const { trust = () => readTrust(flags.tlsCa, context) } = context;
  const { source, ca, roots } = await trust();
  reporter.note(`trusts the CAs ${source}`);
  const { readPassword } = await import('./password.js');
  const password = await readPassword(flags, context);
  const { service, allowPlain } = flags;
  const session = await reporter.connecting(`connecting as ${account}`, () =>
    context.connect({
      account,
      password,
      service,
      allowPlain,
      ca,
      roots,
      signal: context.signal,
      onError: (error) => reporter.note(`internal error: ${error.stack}`),
      onSetback: (error) => reporter.warn(`${error.message}; trying again`),
      ...options,
    }),
  );
  warnOfResource(account, options.resource, session, reporter);
  return session;
}

/** Who looks for the name that was asked for will find nobody. */
function warnOfResource(
  account: string,
  byDefault: string | undefined,
  { jid }: Session,
  { warn }: Reporter,
): void {
  const [, wanted = byDefault] = /\/(.+)$/s.exec(account) ?? [];
  const bound = jid.slice(jid.indexOf('/') + 1);
  if (wanted === undefined || wanted === bound) return;
  warn(
    `the server calls us "${bound}" and not "${wanted}"; who looks for that finds nobody, so give ${jid}`,
  );
}
