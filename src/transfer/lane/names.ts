// What users call what may be of lanes. Imports nothing: `--help` shows them.

/** To whom addresses are shown, from the fewest to the most. */
export const DIRECT = ['never', 'own', 'proxies', 'contacts'] as const;

/** `auto`: beside the stream where that is worth it, and in-band behind it; otherwise by this alone. */
export const TRANSPORT_NAMES = ['auto', 's5b', 'ibb'] as const;

/** Said wherever something goes, or may go, beside the stream in the clear. */
export const WHAT_PLAIN_MEANS = 'whoever carries it can read and change it';

export type WantedTransport = (typeof TRANSPORT_NAMES)[number];
