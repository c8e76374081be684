// What a message may be marked with.

/** XEP-0203 Delayed Delivery: it was stored on its way. */
export const NS_DELAY = 'urn:xmpp:delay';

/** XEP-0334 Message Processing Hints: whether it is to be stored. */
export const NS_HINTS = 'urn:xmpp:hints';
