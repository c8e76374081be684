/** Somebody has an address that must not be connected to, or may have one. */
export class AddressNotAllowed extends Error {
  override readonly name: string = 'AddressNotAllowed';
  constructor(
    message: string,
    /** Nobody can look: the proxy of the network finds the addresses. */
    readonly isUnseen = false,
  ) {
    super(message);
  }
}

/** A server of somebody else is not asked at a port that is not that of HTTPS. */
export class PortNotAllowed extends AddressNotAllowed {
  override readonly name: string = 'PortNotAllowed';
}

/** What lies at an address cannot be used, whenever one asks. */
export class UnfitAnswer extends Error {
  override readonly name: string = 'UnfitAnswer';
}

/** It is not the file that was told of: what came of it is of no use either. */
export class OtherFile extends UnfitAnswer {
  override readonly name = 'OtherFile';
}
