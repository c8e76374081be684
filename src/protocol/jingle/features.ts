import { NS_FILE_TRANSFER } from './file-description.js';
import { NS_JINGLE } from './stanzas.js';
import { NS_JINGLE_IBB } from './transports/ibb-stanzas.js';

/** What is advertised by those who take files over in-band bytestreams (XEP-0234 §10, XEP-0261 §4). */
export const JINGLE_FEATURES: readonly string[] = [NS_JINGLE, NS_FILE_TRANSFER, NS_JINGLE_IBB];
