import { StanzaError } from '../../session/stanza-error.js';

/** The answer in an iq where there is no place for a transfer now; Jingle has a reason of its own. */
export const noPlace = () => new StanzaError('wait', 'resource-constraint', 'busy');
