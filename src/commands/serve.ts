import type { HandlerRegistry } from '../protocol/handler-registry.js';
import type { Contacts } from '../protocol/roster.js';
import type { Session } from '../session/session.js';
import { createPolicy, DEFAULT_ALLOW } from '../transfer/policy.js';
import type { Reporter } from '../ui/report.js';
import { type AccountFlags, goOnline, requireAccount } from './account.js';
import type { Context, OutputFlags } from './context.js';
import { repeatable } from './options.js';

export interface ServeFlags extends AccountFlags, OutputFlags {
  allow?: string[];
}

/** By it a bare JID finds those who serve it. */
const RESOURCE = 'inband';

export const allowOption = () =>
  repeatable(
    '--allow <who>',
    'who may reach you: own, contacts, anyone, a JID or a domain; repeatable (default: own, contacts)',
  );

/** Goes online as the one who serves those whom `--allow` lets in, published blobs to begin with. */
export async function startServing(
  flags: ServeFlags,
  context: Context,
  registry: HandlerRegistry,
  reporter: Reporter,
): Promise<Session> {
  const { BitsOfBinary } = await import('../protocol/bob/bits-of-binary.js');
  const rules = flags.allow ?? DEFAULT_ALLOW;
  let contacts: Contacts = new Set<string>();
  const admit = createPolicy(rules, requireAccount(flags), () => contacts);
  const session = await goOnline(flags, context, reporter, { admit, resource: RESOURCE });
  new BitsOfBinary(session, registry);
  if (rules.includes('contacts')) contacts = await readContacts(session, reporter);
  return session;
}

async function readContacts(session: Session, reporter: Reporter): Promise<Contacts> {
  const { followContacts } = await import('../protocol/roster.js');
  try {
    return await followContacts(session);
  } catch (error) {
    session.ended.throwIfAborted();
    reporter.note(`the contacts cannot be read, so none is let in (${(error as Error).message})`);
    return new Set<string>();
  }
}

/** Resolves when `done` does; rejects when the session ends or the user has had enough. */
export async function untilEnded(
  session: Session,
  signal: AbortSignal,
  done: Promise<void> = new Promise(() => undefined),
): Promise<void> {
  const end = AbortSignal.any([session.ended, signal]);
  const ended = new Promise<never>((_, reject) => {
    end.addEventListener('abort', () => reject(end.reason));
    if (end.aborted) reject(end.reason);
  });
  await Promise.race([done, ended]);
}
