import type { HandlerRegistry } from '../protocol/handler-registry.js';
import type { Contacts } from '../protocol/roster.js';
import type { Session } from '../session/session.js';
import { RECEIVER } from '../transfer/finding/receiver.js';
import {
  checkRule,
  createPolicy,
  DEFAULT_ALLOW,
  type Policy,
} from '../transfer/receiving/policy.js';
import type { Quotas } from '../transfer/receiving/quotas.js';
import type { Reporter } from '../ui/report.js';
import { type AccountFlags, logIn, reportState } from './account/account.js';
import type { Context, OutputFlags } from './context.js';
import { repeatable } from './options.js';

export interface ServeFlags extends AccountFlags, OutputFlags {
  allow?: string[];
}

export const allowOption = () =>
  repeatable(
    '--allow <who>',
    'who may reach you: own, contacts, anyone, a JID or a domain; repeatable (default: own, contacts)',
    checkRule,
  ).default(undefined, DEFAULT_ALLOW.join(', '));

export interface Serving {
  session: Session;
  /** Whether `--allow` lets this one in; the user is told of those whom it does not. */
  admit: Policy;
  quotas: Quotas;
}

/** Goes online as the one who serves those whom `--allow` lets in, published blobs to begin with; `announce` is to follow. */
export async function startServing(
  flags: ServeFlags,
  context: Context,
  registry: HandlerRegistry,
  reporter: Reporter,
  quotas: Quotas,
): Promise<Serving> {
  const { BitsOfBinary } = await import('../protocol/bob/bits-of-binary.js');
  const { returnChat } = await import('../protocol/chat.js');
  const rules = flags.allow ?? DEFAULT_ALLOW;
  let contacts: Contacts = new Set<string>();
  // Who we are is what the server calls us, once it does; nobody is let in before.
  let policy: Policy = () => false;
  const allows: Policy = (from) => policy(from);
  const admit = (from: string) => {
    const allowed = allows(from);
    if (!allowed && quotas.notes.take(from)) reporter.note(`${from} was turned away; see --allow`);
    return allowed;
  };
  const mayAnswer = (from: string) => quotas.refusals.take(from);
  const options = { admit, mayRefuse: mayAnswer, resource: RECEIVER };
  const session = await logIn(flags, context, reporter, options);
  const { writtenRules } = await import('../transfer/receiving/written-rules.js');
  policy = createPolicy(await writtenRules(session, rules), session.jid, () => contacts);
  new BitsOfBinary(session, registry).mayAsk = (from) => quotas.blobs.take(from);
  returnChat(session, allows, mayAnswer);
  const { keepContacts } = await import('../transfer/receiving/contacts.js');
  if (rules.includes('contacts')) contacts = await keepContacts(session, reporter.warn);
  return { session, admit, quotas };
}

/**
 * Lets contacts see us, whoever may ask know what there is (blobs, and the features of what else was started), and
 * the user know that all this is so.
 */
export async function announce(
  session: Session,
  reporter: Reporter,
  features: readonly string[] = [],
): Promise<void> {
  const { answerDiscovery, NS_DISCO_INFO } = await import('../protocol/disco.js');
  const { caps, NS_CAPS, nodeOf } = await import('../protocol/caps.js');
  const { available } = await import('../protocol/presence.js');
  const { NS_BOB } = await import('../protocol/bob/stanzas.js');
  const info = {
    identity: { category: 'client', type: 'bot', name: 'inband' },
    features: [NS_DISCO_INFO, NS_CAPS, NS_BOB, ...features],
  };
  answerDiscovery(session, info, [nodeOf(info)]);
  await session.send(available(caps(info)));
  reportState(session, reporter);
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
