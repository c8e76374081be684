import type { Channel } from '../channel.js';
import type { Content, Reason } from './stanzas.js';

/** What stands between a channel and the file that it carries (XEP-0166 §9). */
export interface Security {
  /** The channel as the application sees it. */
  wrap(channel: Channel): Channel;
}

/** Nothing: the bytes travel as they are. */
export const PLAIN: Security = { wrap: (channel) => channel };

/** What a content that a peer offers is to be secured by; `undefined` where it wants what is not known here. */
export const securityOf = ({ isSecured }: Content): Security | undefined =>
  isSecured ? undefined : PLAIN;

/** Why a content is refused that wants to be secured by what is not known here (XEP-0166 §7.4). */
export const NOT_SECURED: Reason = {
  condition: 'security-error',
  text: 'not encrypted end to end',
};
