import { withHints } from '../../session/hints.js';
import { WHAT_PLAIN_MEANS } from '../lane/names.js';
import { NotInStream } from '../recipient-errors.js';
import { losesFiles, remarkOn } from './known-clients.js';
import type { Resource } from './resource.js';

/** Why a resource that takes files is sent none; nothing where it takes some, or says of none that it does. */
export function whyNotInStream(resource: Resource): NotInStream | undefined {
  const { jid, ways, beside, couldBeside, client = '' } = resource;
  const loses = ways.length > 0 && losesFiles(client) && !beside;
  const takesNone = ways.length === 0 && couldBeside;
  if (!loses && !takesNone) return undefined;
  const message = loses
    ? `${jid} would lose the file: ${remarkOn(client)}`
    : `${jid} takes files beside the XMPP stream only, not encrypted`;
  const hints = [
    ...(couldBeside ? [`--plain-s5b sends it so; ${WHAT_PLAIN_MEANS}`] : []),
    ...(loses ? [`--via with that JID tries it all the same: --via jingle ${jid}`] : []),
  ];
  return withHints(new NotInStream(message), ...hints);
}
