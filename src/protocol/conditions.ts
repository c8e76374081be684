// RFC 6120 §8.3.3: stanza errors as the protocols here give and take them.
import { StanzaError } from '../session/stanza-error.js';

export const badRequest = (text: string): StanzaError =>
  new StanzaError('modify', 'bad-request', text);

/** How servers say that a resource cannot be reached. */
const UNREACHABLE = ['recipient-unavailable', 'remote-server-not-found', 'remote-server-timeout'];

const NOBODY_THERE = new Set([...UNREACHABLE, 'gone', 'service-unavailable']);
const VANISHED = new Set([...UNREACHABLE, 'item-not-found']);

/** Whether a server says that a resource is not there or cannot be reached. */
export const isNobodyThere = (error: unknown): error is StanzaError => hasOne(NOBODY_THERE, error);

/** The same, or the peer is there and knows nothing of what it is asked about. */
export const isForgotten = (error: unknown): error is StanzaError =>
  isNobodyThere(error) || hasOne(VANISHED, error);

/**
 * Whether a recipient has vanished since it accepted, or was started anew. Not `service-unavailable`: that comes from
 * those as well who cannot do what they have accepted.
 */
export const hasVanished = (error: unknown): error is StanzaError => hasOne(VANISHED, error);

const REFUSALS = new Set([
  ...['forbidden', 'not-acceptable', 'not-allowed', 'not-authorized'],
  ...['registration-required', 'subscription-required'],
]);

/** Whether a person, or a rule of theirs, has said no. */
export const isRefusal = (error: unknown): error is StanzaError => hasOne(REFUSALS, error);

const hasOne = (conditions: Set<string>, error: unknown): error is StanzaError =>
  error instanceof StanzaError && conditions.has(error.condition);
