import { NS_FILE_TRANSFER } from './file-description.js';
import { NS_JINGLE } from './stanzas.js';
import type { TransportMethod } from './transports/transport.js';

/** XEP-0234 §10. */
const FILES: readonly string[] = [NS_JINGLE, NS_FILE_TRANSFER];

/** What is advertised by those who take files by Jingle over these transports. */
export const jingleFeatures = (transports: readonly TransportMethod[]): readonly string[] => [
  ...FILES,
  ...transports.flatMap(({ features }) => features),
];

/** Whether those who advertise this take files by Jingle over one of these transports at least. */
export const takesJingleFiles = (
  advertised: ReadonlySet<string>,
  transports: readonly TransportMethod[],
): boolean => {
  const isThere = (feature: string) => advertised.has(feature);
  return FILES.every(isThere) && transports.some(({ features }) => features.every(isThere));
};
