import { parseService } from '../session/endpoints.js';
import { MalformedJid, prepareJid } from '../session/jid.js';

/** Throws `MalformedJid` for what cannot log in. */
export function checkAccount(jid: string): void {
  if (!prepareJid(jid).local) throw new MalformedJid(jid);
}

/** Throws `MalformedService`. */
export function checkService(service: string): void {
  parseService(service);
}
