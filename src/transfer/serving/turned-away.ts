import { NS_BOB } from '../../protocol/bob/stanzas.js';
import { NS_DISCO_INFO } from '../../protocol/disco.js';
import { shownName } from '../../protocol/peer-text.js';
import { bareJid, hasForms } from '../../session/jid.js';
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

/** XEP-0045 §7.5: whoever writes from a room has its address, and all others of it have that, too. */
const NS_ROOM = 'http://jabber.org/protocol/muc#user';

/**
 * What may stand in a command that is copied: a stranger has chosen the name, and letters of other scripts look like
 * those of somebody's contact.
 */
const PLAIN = /^[a-z\d][a-z\d._+-]*@[a-z\d.-]+$/;

/** Characters of a name in a command. */
const MAX_NAME = 100;

/** How the user is told of those who are not let in. */
export interface StrangersTold {
  /** Where the rules of `--allow` stand in the settings; absent: they were typed, or there are none. */
  allowIn?: string | undefined;
  /** Each is told of, in few words, as far as that is no flood. */
  isVerbose?: boolean | undefined;
}

interface TurnedAwayOptions extends StrangersTold {
  quotas: Pick<Quotas, 'notes' | 'strangers'>;
  /** The rules of `--allow`. */
  allow: readonly string[];
  report: Report;
  /** All rules are known. */
  isReady(): boolean;
}

/**
 * Tells the user of one that was not let in: once without `--verbose`, where it seems to want something. `asked`: the
 * payload of its request, or the message by which it has proposed a file. Other clients of the account may have got the
 * same, and take it.
 */
export function tellTurnedAway(from: string, asked: Element, options: TurnedAwayOptions): void {
  const { quotas, report, isReady, isVerbose = false } = options;
  const account = bareJid(from);
  // A rule for a server would let in all its accounts.
  const isSomebody = account.includes('@');
  const mayTell = isReady() && isSomebody && wants(asked);
  const told = mayTell ? quotas.strangers.next(account) : undefined;
  const what = `inband did not let ${shownName(from)} in`;
  if (told === 'name') {
    report({ event: 'notice', text: `${what}; ${remedy(account, asked, options)}` });
  } else if (told === 'others' && !isVerbose) {
    const text = 'inband did not let others in, either; --verbose names more of them';
    report({ event: 'notice', text });
  } else if (quotas.notes.take(from)) {
    report({ event: 'note', text: `${what}; see --allow` });
  }
}

const isProposal = (asked: Element): boolean => asked.getName() === 'message';

/** Whoever asks about the features that we have announced (XEP-0115) only wants to know what we are. */
function wants(asked: Element): boolean {
  if (isProposal(asked)) return true;
  const namespace = asked.getNS() ?? '';
  const isOfCaps = namespace === NS_DISCO_INFO && asked.attrs.node !== undefined;
  return WANTS.has(namespace) && !isOfCaps;
}

function remedy(account: string, asked: Element, { allow, allowIn }: TurnedAwayOptions): string {
  const isOfRoom = isProposal(asked) && asked.getChild('x', NS_ROOM) !== undefined;
  const isPlain = PLAIN.test(account) && account.length <= MAX_NAME && !hasForms(account);
  if (!isPlain || isOfRoom) return 'see --allow';
  // What is typed replaces what is in the settings, and the default.
  if (allowIn !== undefined) return `to let them in, add "${account}" to the list in ${allowIn}`;
  if (allow !== DEFAULT_ALLOW) return `to let them in, add --allow ${account}`;
  const others = allow.map((rule) => `--allow ${rule}`).join(' ');
  return `to let them in: ${others} --allow ${account}`;
}
