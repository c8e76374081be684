/** Our close of a connection, and the peer's, which answers ours where it comes later. */
export class Closes {
  /** Resolves when the peer's close has come, or cannot come any more. */
  readonly peerClosed: Promise<void>;
  #isOurs = false;
  #isPeers = false;
  #isAcknowledged = false;
  #bytesTaken = -1;
  readonly #isRelayed: boolean;
  #tellPeerClosed: () => void = () => undefined;
  #finish: (() => void) | undefined;

  /** `isRelayed`: a proxy joins two connections, and closes both where one party does, whatever the other one has. */
  constructor(isRelayed: boolean) {
    this.#isRelayed = isRelayed;
    this.peerClosed = new Promise((resolve) => {
      this.#tellPeerClosed = resolve;
    });
  }

  get isAcknowledged(): boolean {
    return this.#isAcknowledged;
  }

  /** Both have closed. */
  get areBoth(): boolean {
    return this.#isOurs && this.#isPeers;
  }

  /** We have closed behind so many bytes; `finish` is called when the peer has answered that. */
  ours(bytes: number, finish: () => void): void {
    this.#isOurs = true;
    this.#finish = finish;
    if (this.#isPeers) this.#settle();
    else this.taken(this.#bytesTaken, bytes);
  }

  /** The peer says elsewhere that it has so many bytes; where these are all of `sent`, nothing else is waited for. */
  taken(bytes: number, sent: number): void {
    this.#bytesTaken = bytes;
    if (!this.#isOurs || bytes < sent) return;
    this.#isAcknowledged = true;
    this.#settle();
  }

  peers(): void {
    this.#isPeers = true;
    this.#isAcknowledged ||= this.#isOurs && !this.#isRelayed;
    this.#tellPeerClosed();
    this.#settle();
  }

  /** No close of the peer's is to come. */
  none(): void {
    this.#tellPeerClosed();
  }

  #settle(): void {
    this.#finish?.();
    this.#finish = undefined;
  }
}
