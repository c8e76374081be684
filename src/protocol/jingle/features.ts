import { NS_ALREADY_THERE, NS_FILE_TRANSFER } from './file-description.js';
import { NS_PATH } from './file-path.js';
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

/** What is advertised by those who understand all that we say of a file. */
export const FILE_FEATURES: readonly string[] = [NS_ALREADY_THERE, NS_PATH];

/** Whether those who advertise this know what has arrived before. */
export const remembersFiles = (advertised: ReadonlySet<string>): boolean =>
  advertised.has(NS_ALREADY_THERE);

/** Whether those who advertise this make folders, those without files too. */
export const makesFolders = (advertised: ReadonlySet<string>): boolean => advertised.has(NS_PATH);
