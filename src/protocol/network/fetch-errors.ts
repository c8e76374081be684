/** Somebody has an address that must not be connected to, or may have one. */
export class AddressNotAllowed extends Error {
  override readonly name = 'AddressNotAllowed';
  constructor(
    message: string,
    /** Nobody can look: the proxy of the network finds the addresses. */
    readonly isUnseen = false,
  ) {
    super(message);
  }
}

/** What lies at an address cannot be used, whenever one asks. */
export class UnfitAnswer extends Error {
  override readonly name: string = 'UnfitAnswer';
}

/** It is not the file that was told of: what came of it is of no use either. */
export class OtherFile extends UnfitAnswer {
  override readonly name = 'OtherFile';
}
