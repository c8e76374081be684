import { NS_BOB } from '../../protocol/bob/stanzas.js';
import { NS_DISCO_INFO } from '../../protocol/disco.js';
import { bareJid } from '../../session/jid.js';
import type { Element } from '../../session/xml.js';
import type { Report } from '../events.js';
import type { Quotas } from '../quotas/quotas.js';
import { WAYS } from '../ways/ways.js';
import { DEFAULT_ALLOW } from './policy.js';

/** What a stranger wants who sends a file, or asks for a blob. Clients that see us online ask for other things. */
const WANTS: ReadonlySet<string> = new Set([
  ...[NS_BOB, NS_DISCO_INFO],
  ...WAYS.flatMap(({ features }) => features),
]);

/** What may stand in a command that is copied: a stranger has chosen the name. */
const PLAIN = /^[\p{L}\p{N}._+-]+@[\p{L}\p{N}.-]+$/u;

interface TurnedAwayOptions {
  quotas: Pick<Quotas, 'notes' | 'strangers'>;
  /** The rules of `--allow`. */
  allow: readonly string[];
  report: Report;
  /** All rules are known. */
  isReady(): boolean;
}

/**
 * Tells the user of one that was turned away: once without `--verbose`, where it seems to want something. `request`:
 * what it asked for; absent: it has proposed a file.
 */
export function tellTurnedAway(
  from: string,
  request: Element | undefined,
  { quotas, allow, report, isReady }: TurnedAwayOptions,
): void {
  const account = bareJid(from);
  // A rule for a server would let in all its accounts.
  const isSomebody = account.includes('@');
  const mayTell = isReady() && isSomebody && wants(request);
  const told = mayTell ? quotas.strangers.next(account) : undefined;
  if (told === 'name') {
    const text = `${account} was turned away; ${remedy(account, allow)}`;
    report({ event: 'notice', text });
  } else if (told === 'others') {
    report({ event: 'notice', text: 'others were turned away, too; --verbose tells of each' });
  } else if (quotas.notes.take(from)) {
    report({ event: 'note', text: `${from} was turned away; see --allow` });
  }
}

/** Whoever asks about the features that we have announced (XEP-0115) only wants to know what we are. */
function wants(request: Element | undefined): boolean {
  if (!request) return true;
  const namespace = request.getNS() ?? '';
  const isOfCaps = namespace === NS_DISCO_INFO && request.attrs.node !== undefined;
  return WANTS.has(namespace) && !isOfCaps;
}

function remedy(account: string, rules: readonly string[]): string {
  if (!PLAIN.test(account)) return 'see --allow';
  if (rules !== DEFAULT_ALLOW) return `to let them in, add --allow ${account}`;
  // What is typed replaces the default.
  const others = rules.map((rule) => `--allow ${rule}`).join(' ');
  return `to let them in: ${others} --allow ${account}`;
}
