// What a person says of an account to log in with.
import { bareJid, MalformedJid, preparedJid, prepareJid } from '../../session/jid.js';
import { parseService } from '../../session/stream/endpoints.js';
import { plainJid } from './typed-address.js';

/** Throws `MalformedJid` for what cannot log in. */
export function checkAccount(jid: string): void {
  if (!prepareJid(plainJid(jid)).local) throw new MalformedJid(jid);
}

/** Throws `MalformedService`. */
export function checkService(service: string): void {
  parseService(service);
}

/** Whether two addresses are of one account, whatever their resources. What is no address is of none. */
export function isSameAccount(one: string, other: string): boolean {
  try {
    return bareJid(preparedJid(one)) === bareJid(preparedJid(other));
  } catch (error) {
    if (error instanceof MalformedJid) return false;
    throw error;
  }
}
