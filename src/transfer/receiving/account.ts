import { MalformedJid, prepareJid } from '../../session/jid.js';
import { parseService } from '../../session/stream/endpoints.js';

/** Throws `MalformedJid` for what cannot log in. */
export function checkAccount(jid: string): void {
  if (!prepareJid(jid).local) throw new MalformedJid(jid);
}

/** Throws `MalformedService`. */
export function checkService(service: string): void {
  parseService(service);
}
