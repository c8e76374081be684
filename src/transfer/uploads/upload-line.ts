import { FIND_MOST_MS } from '../../protocol/http-upload/upload-service.js';
import type { NetworkOptions } from '../../session/dial/proxy.js';
import { bareJid, domainOf } from '../../session/jid.js';
import type { Session } from '../../session/session.js';
import { timeInWords } from '../attempts/time-in-words.js';
import type { Report } from '../events.js';
import type { Reached, SendingLine } from '../sending/line.js';
import { http, uploadTo } from '../ways/http/http.js';
import { Uploads } from '../ways/http/uploads.js';
import { DEFAULT_SETTINGS, type TransferSettings } from '../ways/settings.js';
import type { Recipient } from '../ways/way.js';

interface LineOptions {
  /** The own account. */
  account: string;
  session(): Promise<Session>;
  trust(): Promise<NetworkOptions>;
  signal: AbortSignal;
  report: Report;
}

/** How files reach the own server, where they stay. */
export class UploadLine implements SendingLine {
  readonly jid: string;
  readonly verb = 'uploaded';
  settings: TransferSettings = DEFAULT_SETTINGS;
  provenBlock = 0;
  readonly #options: LineOptions;
  #reached: (Reached & { session: Session }) | undefined;

  constructor(options: LineOptions) {
    this.jid = domainOf(bareJid(options.account));
    this.#options = options;
  }

  async reach(): Promise<Reached> {
    const { signal, trust, report } = this.#options;
    const session = await this.#options.session();
    if (this.#reached?.session === session) return this.#reached;
    const uploads = new Uploads(session, trust);
    const found = uploads.find(signal);
    const text = `asking ${this.jid} where uploads go, ${timeInWords(FIND_MOST_MS)} at most`;
    report({ event: 'pending', text, until: found });
    const { jid: peer } = await found;
    const ways = new Map([[http, uploadTo(uploads, peer)]]);
    this.#reached = { session, recipient: { peer, ways: [http] }, ways, seal: inTheClear };
    return this.#reached;
  }

  /** There is one server. */
  async reachNext(): Promise<undefined> {}

  /** It is there, or the session is not. */
  async comesOnline(): Promise<boolean> {
    return false;
  }

  came(): void {}

  /** What was found stays as long as the session. */
  forget(): void {}
}

const inTheClear = async (recipient: Recipient) => ({
  recipient,
  secrecy: { encrypted: false as const },
  mayOffer: () => undefined,
  answered: async () => undefined,
});
