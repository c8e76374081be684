// The ids by which XEP-0047, XEP-0095 and XEP-0166 tell their sessions apart.
import { randomBytes } from 'node:crypto';

export const randomSid = () => randomBytes(16).toString('hex');

/** XEP-0047 §2.1: the sid is an NMTOKEN; ours are short, and nobody needs long ones. */
export const isSid = (text: string): boolean =>
  /^[-.:\w\u00b7\u00c0-\u{10ffff}]{1,128}$/u.test(text);

/** Tells apart what different peers have under one sid. A NMTOKEN has no spaces. */
export const sidKey = (peer: string, sid: string) => `${sid} ${peer}`;
