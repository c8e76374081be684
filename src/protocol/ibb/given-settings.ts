// Settings as a program gives them: `undefined` counts as absent, and what no bytestream can work with is refused.
import { checkObject, checkOptions, DURATION, type Rule } from '../../session/given/rules.js';
import { withInherited } from '../../session/given/with-inherited.js';
import type { ServiceSettings } from './settings.js';
import { MAX_BLOCK_SIZE } from './stanzas.js';
import type { LeastPace } from './watch-peer.js';

/** What each setting must be. */
const RULES: { readonly [Name in keyof ServiceSettings]-?: Rule } = {
  blockSize: [`1 to ${MAX_BLOCK_SIZE} bytes, or auto`, orAuto(isWhole(1, MAX_BLOCK_SIZE))],
  largestAutoBlock: ['1 byte or more', isWhole(1)],
  window: ['1 block or more, or auto', orAuto(isWhole(1))],
  stanza: ['iq, message or auto', (value) => ['iq', 'message', 'auto'].includes(String(value))],
  maxRetries: ['0 times or more', isWhole(0)],
  initialWait: ['0 seconds or more', (value) => typeof value === 'number' && value >= 0],
  waitFactor: ['more than 0', (value) => typeof value === 'number' && value > 0],
  maxBlockSize: [`1 to ${MAX_BLOCK_SIZE} bytes`, isWhole(1, MAX_BLOCK_SIZE)],
  mostTaken: ['1 byte or more', isWhole(1)],
  sessionLimit: ['0 bytestreams or more', isWhole(0)],
  pace: ['a LeastPace', (value) => typeof value === 'object' && value !== null],
};

const PACE_RULES: { readonly [Name in keyof LeastPace]-?: Rule } = {
  ...{ maxIdleMs: DURATION, periodMs: DURATION, lifetimeMs: DURATION },
  minBytes: ['0 bytes or more', isWhole(0)],
  idlesWhileSilent: ['true or false', (value) => typeof value === 'boolean'],
};

/** What is missing would be kept by everybody. */
const NEEDED_PACE = ['maxIdleMs', 'periodMs', 'lifetimeMs', 'minBytes'];

/** An infinite one has no end, where there may be one. */
function isWhole(least: number, most = Number.POSITIVE_INFINITY): (value: unknown) => boolean {
  return (value) =>
    (Number.isInteger(value) || value === Number.POSITIVE_INFINITY) &&
    Number(value) >= least &&
    Number(value) <= most;
}

function orAuto(isMet: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === 'auto' || isMet(value);
}

/** The settings that are there, and `defaults` for the others. Throws RangeError for one that is not as it must be. */
export function withDefaults<Settings extends Partial<ServiceSettings>>(
  defaults: Settings,
  given: Partial<Settings>,
): Settings {
  checkObject(given, 'the settings are');
  const present = Object.entries(withInherited(given)).filter(([, value]) => value !== undefined);
  const settings = { ...defaults, ...Object.fromEntries(present) };
  checkOptions(RULES, settings, { showsTexts: true });
  if (!settings.pace) return settings;
  const pace = withInherited(settings.pace);
  checkOptions(PACE_RULES, pace, { needed: NEEDED_PACE, of: 'pace' });
  return { ...settings, pace };
}
