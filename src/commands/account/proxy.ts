import type { NetworkProxy } from '../../session/dial/proxy.js';
import { readProxy } from '../../transfer/people/own-account.js';
import type { AccountFlags } from './account-options.js';

/** What the flags name for all connections to go through. Throws `MalformedProxy`. */
export const proxyOf = ({ proxy, noProxy }: AccountFlags): NetworkProxy | undefined =>
  proxy ? readProxy(proxy, noProxy ?? []) : undefined;

/** Other programs go by these as well; the first that is set counts. */
const VARIABLES = ['ALL_PROXY', 'all_proxy', 'HTTPS_PROXY', 'https_proxy'];

/** What the environment names, as the flags would, and in which variable; it may have a host and a port alone. */
export function proxyInEnvironment(
  env: NodeJS.ProcessEnv,
): { variable: string; flags: Required<Pick<AccountFlags, 'proxy' | 'noProxy'>> } | undefined {
  const variable = VARIABLES.find((name) => env[name]);
  if (variable === undefined) return undefined;
  const given = env[variable] as string;
  const proxy = given.includes('://') ? given : `http://${given}`;
  return { variable, flags: { proxy, noProxy: exceptions(env.NO_PROXY || env.no_proxy || '') } };
}

/** `.example.org` and `*.example.org` are `example.org`; a port makes no difference. */
const exceptions = (list: string): string[] =>
  list
    .toLowerCase()
    .split(/[\s,]+/)
    .map((one) => one.replace(/^\*?\./, '').replace(/^\[(.*)\](:\d+)?$/, '$1'))
    .map((one) => (/^[^:]*:\d+$/.test(one) ? one.replace(/:\d+$/, '') : one))
    .filter(Boolean);
