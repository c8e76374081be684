import { withHints } from '../../session/hints.js';
import { WHAT_PLAIN_MEANS } from '../lane/names.js';
import { NotInStream } from '../recipient-errors.js';
import { losesFiles, remarkOn } from './known-clients.js';
import type { Resource } from './resource.js';

const BESIDE_HINT = `--plain-s5b sends it beside the XMPP stream, not encrypted: ${WHAT_PLAIN_MEANS}`;

/** Why a resource that takes files is sent none; nothing where it takes some, or says of none that it does. */
export function whyNotInStream(resource: Resource): NotInStream | undefined {
  const { jid, ways, beside, couldBeside, client = '' } = resource;
  const loses = ways.length > 0 && losesFiles(client) && !beside;
  const takesNone = ways.length === 0 && couldBeside;
  if (!loses && !takesNone) return undefined;
  const message = loses
    ? `${jid} would lose the file: ${remarkOn(client)}`
    : `${jid} takes no files inside the XMPP stream`;
  const hints = [
    ...(couldBeside ? [BESIDE_HINT] : []),
    ...(loses ? [`--via with that JID tries it all the same: --via jingle ${jid}`] : []),
  ];
  return withHints(new NotInStream(message), ...hints);
}
