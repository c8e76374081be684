/** A message or a key is not as the other party makes them. Nobody hears more than that: it would help to forge one. */
export class NoiseFailure extends Error {
  override readonly name = 'NoiseFailure';
  constructor(options?: ErrorOptions) {
    super('what came was not encrypted by the other side', options);
  }
}
