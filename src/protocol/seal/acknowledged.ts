/** Which bytes of the file have arrived, by how many of the sealed ones have. */
export class Acknowledged {
  /** Where each message that is not acknowledged ends, in sealed bytes and in bytes of the file. */
  #messages: { sealed: number; bytes: number }[] = [];
  #sealed = 0;
  #bytes = 0;
  /** The end of the last message that arrived. */
  #arrived = { sealed: 0, bytes: 0 };

  /** A message was handed on. */
  add(sealed: number, bytes: number): void {
    this.#sealed += sealed;
    this.#bytes += bytes;
    this.#messages.push({ sealed: this.#sealed, bytes: this.#bytes });
  }

  /** Bytes of the file in all messages that arrived whole; `sealed`: how many sealed bytes did. */
  arrived(sealed: number): number {
    const open = this.#messages.findIndex((message) => message.sealed > sealed);
    const whole = this.#messages.splice(0, open < 0 ? this.#messages.length : open);
    this.#arrived = whole.at(-1) ?? this.#arrived;
    return this.#arrived.bytes;
  }

  /** Bytes of the file in all messages of which something has left; `sealed`: how many sealed bytes have. */
  left(sealed: number): number {
    if (sealed <= this.#arrived.sealed) return this.#arrived.bytes;
    return this.#messages.find((message) => message.sealed >= sealed)?.bytes ?? this.#bytes;
  }
}
