import { TRANSFER_DEFAULTS } from '../../protocol/ibb/defaults.js';
import type { BytestreamSettings } from '../../protocol/ibb/settings.js';

/** How the bytes of a file travel: what may be set, for all ways. Each takes what is its own. */
export type TransferSettings = BytestreamSettings;

/** How they travel unless told otherwise. Imports nothing that does anything, so that `--help` can show it. */
export const DEFAULT_SETTINGS: Readonly<TransferSettings> = TRANSFER_DEFAULTS;

const NAMES = Object.keys(TRANSFER_DEFAULTS) as (keyof TransferSettings)[];

/** The settings alone, out of an object that has more. */
export const settingsOf = (flags: TransferSettings): TransferSettings =>
  Object.fromEntries(NAMES.map((name) => [name, flags[name]])) as unknown as TransferSettings;
