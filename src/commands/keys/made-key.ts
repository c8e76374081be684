import { shellWord } from '../../shell.js';
import type { Report } from '../../transfer/events.js';
import type { OnMade } from '../../transfer/keys/own-key.js';

/** Warns where a key was made in the place of one that is gone: whoever knows that one refuses another. */
export const warnOfLost =
  (report: Report): OnMade =>
  (jid, before) => {
    if (before === undefined) return;
    const text = `the key that ${jid} had here is gone (${before}), and another one was made, which whoever knows the old one refuses; if you have a copy: inband key import -a ${shellWord(jid)} <file>`;
    report({ event: 'warning', text });
  };

/** The same; without one before, a slip in the address would look like the key of the account. */
export const tellOfMade =
  (report: Report): OnMade =>
  (jid, before) => {
    warnOfLost(report)(jid, before);
    if (before !== undefined) return;
    report({ event: 'notice', text: `made a key for ${jid}, which had none here` });
  };
