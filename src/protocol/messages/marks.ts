// Elements that mark a message.

/** XEP-0203 Delayed Delivery: it was stored on its way. */
export const NS_DELAY = 'urn:xmpp:delay';

/** XEP-0334 Message Processing Hints: whether it is to be stored. */
export const NS_HINTS = 'urn:xmpp:hints';
