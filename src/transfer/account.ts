import { parseService } from '../session/endpoints.js';
import { MalformedJid, parseJid } from '../session/jid.js';

/** Throws `MalformedJid` for what cannot log in. */
export function checkAccount(jid: string): void {
  if (!parseJid(jid).local) throw new MalformedJid(jid);
}

/** Throws `MalformedService`. */
export function checkService(service: string): void {
  parseService(service);
}
