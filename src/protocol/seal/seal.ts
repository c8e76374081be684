import type { Channel } from '../channel.js';
import type { SealKeys } from './handshake.js';
import { OpenedFile } from './opened-file.js';
import { SealedChannel } from './sealed-channel.js';
import { SealedFile, type SealOptions } from './sealed-file.js';
import { Verdicts } from './verdicts.js';

/** What a finished handshake is good for: one channel with the bytes of a file, and what its recipient says of them. */
export class Seal {
  readonly verdicts: Verdicts;
  readonly #role: 'initiator' | 'responder';
  readonly #keys: SealKeys;
  readonly #options: SealOptions;
  #isUsed = false;

  /** The initiator sends the file. */
  constructor(role: 'initiator' | 'responder', keys: SealKeys, options: SealOptions) {
    this.#role = role;
    this.#keys = keys;
    this.#options = options;
    this.verdicts = new Verdicts(keys[1]);
  }

  /**
   * The channel as its user sees it. Throws at the second call: on another channel messages of the first would come
   * again, or others under their numbers.
   */
  wrap(channel: Channel): SealedChannel {
    if (this.#isUsed) throw new Error('a handshake is good for one channel');
    this.#isUsed = true;
    const [key] = this.#keys;
    const { hasChecksum } = this.#options;
    return this.#role === 'initiator'
      ? new SealedChannel(channel, { sealed: new SealedFile(key, this.#options) })
      : new SealedChannel(channel, { opened: new OpenedFile(key, hasChecksum) });
  }
}
