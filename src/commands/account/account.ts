import type { NetworkOptions } from '../../session/dial/proxy.js';
import type { LoginTold } from '../../session/given/connect-options.js';
import type { Session } from '../../session/session.js';
import type { CertificateTrust } from '../../session/stream/certificates.js';
import type { Connect, ConnectAs } from '../../transfer/connect.js';
import type { Report } from '../../transfer/events.js';
import { namingProxy } from '../../transfer/people/own-account.js';
import type { Context } from '../context.js';
import { type AccountFlags, requireAccount } from './account-options.js';
import { asOf } from './origin.js';
import { readPassword } from './password.js';
import { proxyOf } from './proxy.js';
import { readTrust } from './trust.js';

/** The user's account. */
export interface Account {
  /** As the user named it, perhaps with a resource. */
  readonly jid: string;
  /** Asks for the password the first time. */
  readonly connect: Connect;
  /** Which certificates are believed, of what the own server names beside itself too; and what that is reached through. */
  trust(): Promise<NetworkOptions>;
  /** Looks for the password again where it came from a file or a command. Returns whether there is another one now. */
  renew(): Promise<boolean>;
}

/** How long a password or a CA may take that is read once more: nobody may be there to be asked for something. */
const RENEWAL_MS = 60_000;

/** The account that the flags name. Throws `UsageError` where they name none. */
export function openAccount(flags: AccountFlags, context: Context, report: Report): Account {
  const jid = requireAccount(flags);
  const password = rememberPassword(flags, context);
  const trust = rememberTrust(flags, context);
  const proxy = proxyOf(flags);
  const tellFallback = fallbackTeller(report);
  const connect: Connect = async (as = {}) => {
    const { source, ...trusted } = await trust();
    report({ event: 'note', text: `trusts the CAs ${source}` });
    if (proxy)
      report({ event: 'note', text: `goes by the proxy ${proxy.host} port ${proxy.port}` });
    const login = { account: jid, password: await password.get(), proxy, ...trusted };
    const { service, allowPlain } = flags;
    const signals = [context.signal, ...(as.signal ? [as.signal] : [])];
    const online = context.connect({
      ...{ ...login, service, allowPlain },
      onError: (error) => report({ event: 'note', text: `internal error: ${error.stack}` }),
      onUnsendable: (to, { message }) =>
        report({ event: 'note', text: `no answer to ${to}: ${message}` }),
      onSetback: ({ message }) => report({ event: 'notice', text: `${message}; trying again` }),
      onPadded: (bytes) =>
        report({ event: 'note', text: `${bytes} bytes of white space were sent to speed it up` }),
      ...{ ...as, signal: AbortSignal.any(signals) },
      onLogin: (login) => {
        tellFallback(login);
        as.onLogin?.(login);
      },
    });
    report({ event: 'pending', text: `connecting as ${jid}`, until: online });
    const session = await online;
    warnOfResource(jid, as, session, report);
    return session;
  };
  return {
    ...{ jid, renew: password.renew },
    connect: (as) => connect(as).catch(namingProxy(proxy, flags.origins?.proxy)),
    trust: async () => ({ ...(await trust()), proxy }),
  };
}

/** Tells once of each place where it is that nothing else got through; a session goes back there, which is no news. */
function fallbackTeller(report: Report): (login: LoginTold) => void {
  let told = '';
  return ({ host, port, isFallback }) => {
    const place = `${host} port ${port}, which the domain's host-meta names`;
    const text = `connected by WebSocket to ${place}, as nothing else got through`;
    if (isFallback && text !== told) report({ event: 'notice', text });
    told = isFallback ? text : '';
  };
}

/** The password is asked for once only. */
function rememberPassword(flags: AccountFlags, context: Context) {
  let known: Promise<string> | undefined;
  const get = () => {
    known ??= readPassword(flags, context);
    return known;
  };
  const renew = async (): Promise<boolean> => {
    if (!flags.passwordFile && !flags.passwordCommand) return false;
    const before = await get();
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(RENEWAL_MS)]);
    // If the file is gone or the keyring locked, the password given before is all there is.
    const fresh = await readPassword(flags, { ...context, signal }).catch(() => before);
    known = Promise.resolve(fresh);
    return fresh !== before;
  };
  return { get, renew };
}

/**
 * The CA is read for each login, as it may be renewed; one that was good stays so if reading it fails later or takes
 * too long: a pipe, for example, has nothing more to say.
 */
function rememberTrust(flags: AccountFlags, context: Context) {
  let last: (CertificateTrust & { source: string }) | undefined;
  const read = async () => {
    const late = last ? [AbortSignal.timeout(RENEWAL_MS)] : [];
    const signal = AbortSignal.any([context.signal, ...late]);
    const known = last;
    const { tlsCa } = flags;
    return readTrust(tlsCa, { ...context, signal })
      .catch((error) => known ?? Promise.reject(error))
      .catch(asOf(tlsCa ? flags : {}, 'tlsCa'));
  };
  return async () => {
    last = await read();
    return last;
  };
}

/** Anyone who looks for the resource that was asked for would find nobody. */
function warnOfResource(
  account: string,
  { resource }: ConnectAs,
  { jid }: Session,
  report: Report,
): void {
  const [, wanted = resource] = /\/(.+)$/s.exec(account) ?? [];
  const bound = jid.slice(jid.indexOf('/') + 1);
  if (wanted === undefined || wanted === bound) return;
  const text = `the server gave us the resource "${bound}" in place of "${wanted}"; others reach us as ${jid}`;
  report({ event: 'warning', text });
}
