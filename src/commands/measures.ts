// Sizes and times as people write them: 4k, 1.5G, 512KiB; 90s, 3h, 2d.
import { Option } from 'commander';
import { UnfitValue } from './context.js';

/** What is measured, and how it is written. */
interface Measure {
  /** Said with a limit that was passed. */
  unit: string;
  /** What would have been right. */
  takes: string;
  /** How many units the letters behind a number stand for; nothing where they are not known. */
  factorOf(letters: string): number | undefined;
  max: number;
}

interface Limits {
  /** Default 0. */
  min?: number;
  max?: number;
  /** A part of a unit is refused. */
  isWhole?: boolean;
  /** `auto` is no amount, and allowed. */
  mayBeAuto?: boolean;
}

const SIZE: Measure = {
  unit: 'bytes',
  takes: 'bytes, or 4k, 1.5G, 512KiB',
  factorOf: bytesIn,
  max: Number.MAX_SAFE_INTEGER,
};

const RATE: Measure = {
  unit: 'bytes a second',
  takes: 'bytes a second, or 500k, 1.5M, 512KiB',
  factorOf: (letters) => bytesIn(letters),
  max: Number.MAX_SAFE_INTEGER,
};

const TIME: Measure = {
  unit: 'seconds',
  takes: 'seconds, or 90s, 3h, 2d',
  factorOf: secondsIn,
  /** A hundred years. */
  max: 36_500 * 86_400,
};

/** An option for a number of bytes. */
export const sizeOption = (flags: string, description: string, limits: Limits = {}): Option =>
  new Option(flags, description).argParser(parserOf(flags, SIZE, { isWhole: true, ...limits }));

/** Less, shared by several, would be taken for a sender that does nothing, and be ended. */
const LEAST_RATE = 2000;

/** The option for the most bytes a second, over all transfers of the command. */
export const limitRateOption = (): Option =>
  new Option(
    '--limit-rate <rate>',
    'the most bytes a second, over all files together, 2000 at least',
  ).argParser(parserOf('--limit-rate', RATE, { min: LEAST_RATE, isWhole: true }));

/** An option for a number of seconds. */
export const timeOption = (flags: string, description: string, limits: Limits = {}): Option =>
  new Option(flags, description).argParser(parserOf(flags, TIME, limits));

function parserOf(
  flags: string,
  measure: Measure,
  limits: Limits,
): (text: string) => number | 'auto' {
  const { min = 0, max = measure.max, isWhole = false, mayBeAuto = false } = limits;
  const [flag = flags] = /--[a-z-]+/.exec(flags) ?? [];
  return (text) => {
    if (mayBeAuto && text === 'auto') return text;
    const amount = read(text, measure, isWhole);
    if (amount === undefined) throw new UnfitValue(flag, text, measure.takes);
    if (amount >= min && amount <= max) return amount;
    const isOpen = amount < min && max === measure.max;
    const range = isOpen ? `${min} ${measure.unit} or more` : `${min} to ${max} ${measure.unit}`;
    throw new UnfitValue(flag, text, range);
  };
}

/** Longer than what a person could mean. */
const MAX_CHARACTERS = 40;

/** What is whole, and has a unit, is rounded: 1.0001k. */
function read(text: string, { factorOf }: Measure, isWhole: boolean): number | undefined {
  const written = text.length <= MAX_CHARACTERS ? text.trim() : '';
  const [, digits, letters = ''] = /^(\d*\.?\d+) ?([a-z]*)$/i.exec(written) ?? [];
  const factor = factorOf(letters);
  if (digits === undefined || factor === undefined) return undefined;
  const amount = Number(digits) * factor;
  if (!isWhole || Number.isInteger(amount)) return amount;
  return factor === 1 ? undefined : Math.round(amount);
}

/** SI: k is 1000; IEC: Ki is 1024. */
function bytesIn(letters: string): number | undefined {
  const [all, prefix = '', binary = ''] = /^(?:([kmgtp])(i?))?b?$/i.exec(letters) ?? [];
  if (all === undefined) return undefined;
  return (binary ? 1024 : 1000) ** ' kmgtp'.indexOf(prefix.toLowerCase() || ' ');
}

/** Whether its value is a time, as its placeholder says. */
export const takesTime = ({ flags }: Option): boolean => flags.endsWith('<time>');

/** Seconds in the largest unit of which they are a whole number, as they may be typed: 90d, 15m. */
export function inUnits(seconds: number): string {
  if (seconds === 0) return '0';
  const [unit, length] = UNITS_OF_TIME.find(([, length]) => seconds % length === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}

const UNITS_OF_TIME = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

function secondsIn(letters: string): number | undefined {
  const known = { '': 1, s: 1, min: 60, ...Object.fromEntries(UNITS_OF_TIME) };
  return Object.hasOwn(known, letters) ? known[letters as keyof typeof known] : undefined;
}
