import { available } from '../../protocol/presence/presence.js';
import type { Session } from '../../session/session.js';
import { type Connect, type KeptSession, keepSession } from '../connect.js';
import type { Report } from '../events.js';
import type { LaneOptions } from '../lane/lane.js';
import type { LinkOptions } from '../ways/http/links.js';
import { startServices } from '../ways/services.js';
import { type OpenWays, openWays } from '../ways/ways.js';

/** How bytes may leave otherwise than inside the stream. */
interface BesideTheStream {
  /** Absent: by no lane. */
  lane?: LaneOptions | undefined;
  /** Absent: nothing is left on a server. */
  links?: LinkOptions | undefined;
}

/** The connection on which files go out, to all who get some: made anew when it was lost. */
export class Uplink {
  readonly #kept: KeptSession;
  readonly #beside: BesideTheStream;
  /** Sessions on which we are available. */
  readonly #visible = new WeakSet<Session>();
  readonly #ways = new WeakMap<Session, OpenWays>();

  /** `isRecipient`: nobody else may ask anything of us. */
  constructor(
    connect: Connect,
    report: Report,
    isRecipient: (peer: string) => boolean,
    beside: BesideTheStream = {},
  ) {
    this.#beside = beside;
    this.#kept = keepSession(connect, report, { admit: isRecipient });
  }

  /** Goes online when it is needed, and not before. Rejects when there is no connection. */
  session(): Promise<Session> {
    return this.#kept.session();
  }

  /** Shows contacts that we are there, and lets us see them. */
  async appear(session: Session): Promise<void> {
    if (this.#visible.has(session)) return;
    this.#visible.add(session);
    await session.send(available());
  }

  waysOn(session: Session): OpenWays {
    const ways = this.#ways.get(session) ?? openWays(startServices(session, this.#beside));
    this.#ways.set(session, ways);
    return ways;
  }

  close(): Promise<void> {
    return this.#kept.close();
  }
}
