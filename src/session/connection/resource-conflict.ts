import { shellWord } from '../../shell.js';
import { withHints } from '../hints.js';
import { bareJid, parseJid } from '../jid.js';

/** Another client has taken the resource. Coming back would only take it away from that one in turn. */
export class ResourceConflict extends Error {
  override readonly name = 'ResourceConflict';
}

/** Says beside it what to do. `jid`: the own one, with or without its resource. */
export function withAnother(error: ResourceConflict, jid: string): ResourceConflict {
  const other = parseJid(jid).resource === 'second' ? 'third' : 'second';
  const account = shellWord(`${bareJid(jid)}/${other}`);
  return withHints(error, `for both at a time give one of them another resource: -a ${account}`);
}
