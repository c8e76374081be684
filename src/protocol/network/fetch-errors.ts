/** Somebody has an address that must not be connected to. */
export class AddressNotAllowed extends Error {
  override readonly name = 'AddressNotAllowed';
}

/** What lies at an address cannot be used, whenever one asks. */
export class UnfitAnswer extends Error {
  override readonly name = 'UnfitAnswer';
}
