// XEP-0280 Message Carbons 1.0: copies of what other resources of the own account get.
import { bareJid, isJid } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { type Element, xml } from '../../session/xml.js';

const NS_CARBONS = 'urn:xmpp:carbons:2';
export const NS_FORWARD = 'urn:xmpp:forward:0';

/** §4. Rejects as `request` does. */
export async function enableCarbons(session: Session): Promise<void> {
  await session.request('set', undefined, xml('enable', { xmlns: NS_CARBONS }));
}

/**
 * The message to the own account that a carbon carries. §11: nobody but the own account may wrap one, or anybody
 * could speak in the name of others. The carried sender is an address, as that of any other stanza.
 */
export function readCarbon(message: Element, ownJid: string): Element | undefined {
  const own = bareJid(ownJid);
  if ((message.attrs.from ?? own) !== own) return undefined;
  const forwarded = message.getChild('received', NS_CARBONS)?.getChild('forwarded', NS_FORWARD);
  const carried = forwarded?.getChild('message');
  const { from = '', to = '' } = carried?.attrs ?? {};
  return isJid(to) && bareJid(to) === own && isJid(from) ? carried : undefined;
}
