import type { S5bOptions } from '../../protocol/jingle/transports/s5b/options.js';
import { s5bTransport } from '../../protocol/jingle/transports/s5b/s5b.js';
import type { Transport } from '../../protocol/jingle/transports/transport.js';

/** An ejabberd that is set up as its example takes five of one user; what it refuses counts as a lane that failed. */
export const MOST_LANES = 4;

/** The files of one session that are offered, or on their way, by connections of their own. */
export class LanesUnderWay {
  #count = 0;

  /** One more may be too many. */
  get areMost(): boolean {
    return this.#count >= MOST_LANES;
  }

  /** A transport whose offers are counted until their Jingle session has ended, or goes on in another way. */
  transport(options: S5bOptions): Transport {
    const made = s5bTransport(options);
    return {
      ...made,
      offer: (negotiators, settings) => {
        this.#count += 1;
        const left = () => {
          this.#count -= 1;
        };
        negotiators.over.addEventListener('abort', left, { once: true });
        return made.offer(negotiators, settings);
      },
    };
  }
}
