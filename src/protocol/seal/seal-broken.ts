import { NoiseFailure } from '../noise/noise-failure.js';

/**
 * What came is not what the peer has sealed, or not all of it. The peer is told no more than `security-error`: any
 * detail would help somebody in between.
 */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  constructor(options?: ErrorOptions) {
    super('what came was altered on the way, or is not whole', options);
  }
}

/** Opens what a peer has sealed: a failure of Noise becomes `SealBroken`. */
export function opening<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof NoiseFailure ? new SealBroken({ cause: error }) : error;
  }
}
