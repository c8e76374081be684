/** A sender offers again what it is sending: its program was killed, or its connection. */
export class OfferedAgain extends Error {
  override readonly name = 'OfferedAgain';
}

/** A file is offered again that its sender is sending all the same, and there is no room for both. */
export class StillUnderWay extends Error {
  override readonly name = 'StillUnderWay';
}
