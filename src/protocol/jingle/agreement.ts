import type { Element } from '../../session/xml.js';
import { badRequest } from '../conditions.js';
import type { FileRange } from '../file-offer.js';
import { readDescription } from './file-description.js';

/** What a recipient wants of a file that was offered to it. */
export interface Agreement {
  /** In bytes. */
  range: FileRange;
  /** It has the whole file from an earlier transfer. */
  isThere: boolean;
  /** Not a byte of the file is to come. */
  leavesNothing: boolean;
  /** It takes nothing, and says why as soon as the sender has proven who it is. */
  isDeclined?: boolean;
  /** How many bytes are to come; absent where nobody knows. */
  toCome?: number | undefined;
}

/** Before there is an answer, all of it is to come. */
export const WHOLE_FILE: Agreement = {
  range: { offset: 0 },
  isThere: false,
  leavesNothing: false,
};

/** Reads the description in a recipient's answer. Throws `StanzaError` where it does not fit the one that was offered. */
export function readAgreement(offered: Element | undefined, answer: Element): Agreement {
  const { size, range: offeredRange, alreadyThere } = offered ? readDescription(offered) : {};
  const { range = WHOLE_FILE.range, alreadyThere: there } = readDescription(answer);
  // §5.3: where no range was offered, nothing but the whole.
  const furthest = offeredRange ? (size ?? 0) : 0;
  if (range.offset > furthest) throw badRequest('it cannot begin there');
  const isAtEnd = offeredRange !== undefined && range.offset === size;
  const isThere = isAtEnd && alreadyThere?.again === false && there !== undefined;
  const toCome = range.length ?? (size === undefined ? undefined : size - range.offset);
  return { range, isThere, leavesNothing: isThere || (isAtEnd && range.offset > 0), toCome };
}
