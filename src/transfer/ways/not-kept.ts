import { ChannelBroken, ChannelLost, ChannelNotOpened } from '../../protocol/channel.js';
import { NS_FILE_ERRORS } from '../../protocol/jingle/file-description.js';
import { JingleEnded } from '../../protocol/jingle/session/jingle-ended.js';
import type { Reason } from '../../protocol/jingle/stanzas.js';
import { SealBroken } from '../../protocol/seal/seal-broken.js';
import { ConnectionLost } from '../../session/stanza-session.js';
import { xml } from '../../session/xml.js';
import { NoFolder, NoRoom } from '../inbox-errors.js';
import { OfferedAgain, ReceivingEnded, StillUnderWay } from '../reception-errors.js';
import { FileMismatch } from '../recipient-errors.js';
import { KeyNotTrusted, NotSealed } from './key-errors.js';

/** Why a file was not kept, in Jingle's words (XEP-0166 §7.4, XEP-0234 §9). */
export function reasonOf(error: Error): Reason {
  if (error instanceof JingleEnded) return error.reason;
  if (SEALS.some((kind) => error instanceof kind)) return { condition: 'security-error' };
  if (error instanceof OfferedAgain) return { condition: 'alternative-session' };
  if (error instanceof ReceivingEnded || error instanceof ConnectionLost) {
    return { condition: 'gone' };
  }
  if (error instanceof StillUnderWay) return { condition: 'busy' };
  if (error instanceof NoFolder) return { condition: 'decline', text: error.message };
  if (error instanceof FileMismatch) return { condition: 'media-error', text: error.message };
  if (CHANNELS.some((kind) => error instanceof kind)) return { condition: 'failed-transport' };
  if (error instanceof NoRoom && error.isPassing) return { condition: 'busy' };
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error instanceof NoRoom || NO_SPACE.has(code)) {
    return { condition: 'media-error', specific: xml('file-too-large', { xmlns: NS_FILE_ERRORS }) };
  }
  if (SHORTAGES.has(code)) return { condition: 'busy' };
  return { condition: DISK, text: 'it cannot be stored here at the moment' };
}

/** The disk failed. */
const DISK = 'failed-application';

/** Why a file is not accepted. Over the disk a sender would try the other ways, which end at the same one. */
export function reasonBefore(error: Error): Reason {
  const reason = reasonOf(error);
  return reason.condition === DISK ? { ...reason, condition: 'decline' } : reason;
}

/** Whether the file may be offered again in a while, which is all that SI has a word for. */
export const isForNow = (error: Error): boolean => FOR_NOW.has(reasonOf(error).condition);

const FOR_NOW = new Set(['busy', 'gone']);
/** Nothing else is told of what is wrong with a seal or a key. */
const SEALS = [KeyNotTrusted, NotSealed, SealBroken];

/** The way failed on which the bytes came, and not what was to be done with them: they may come again. */
const CHANNELS = [ChannelBroken, ChannelLost, ChannelNotOpened];

/** The disk is full, whatever it said of its free space. */
const NO_SPACE = new Set(['EDQUOT', 'ENOSPC']);

/** The machine has too little of something for now; the file is wanted all the same. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
