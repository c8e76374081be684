import {
  FIND_MOST_MS,
  findUploadService,
  type UploadService,
} from '../protocol/http-upload/upload-service.js';
import { OwnProxies } from '../protocol/socks5/own-proxies.js';
import { askVersion } from '../protocol/version.js';
import { inTime } from '../protocol/within.js';
import { type Clock, systemClock } from '../session/clock.js';
import { serverOf } from '../session/jid.js';
import type { Session } from '../session/session.js';

/** What the own server has for files. */
export interface ServerOffers {
  /** Its program and version, where it says so. */
  program: string | undefined;
  uploads: UploadService | undefined;
  /** Where its proxies for SOCKS5 bytestreams are. */
  proxies: readonly string[];
  /** Bytes of the largest stanza, where it says so. */
  maxStanzaBytes: number | undefined;
}

/** Milliseconds that it may take to say what its program is. */
const PATIENCE_MS = 5_000;

/**
 * Asks the own server what it has. Resolves to nothing where it has not said so in time, also as the session was being
 * resumed; rejects with the signal's reason, and when the session ends.
 */
export async function askServer(
  session: Session,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<ServerOffers | undefined> {
  return inTime(clock, FIND_MOST_MS, signal, (until) => askAll(session, until, clock));
}

async function askAll(session: Session, signal: AbortSignal, clock: Clock): Promise<ServerOffers> {
  const [program, { service }, proxies] = await Promise.all([
    askProgram(session, signal),
    findUploadService(session, signal),
    new OwnProxies(session, clock).find(signal),
  ]);
  const { maxStanzaBytes } = session;
  const places = proxies.map(({ host, port }) => `${host} port ${port}`);
  return { program, uploads: service, proxies: places, maxStanzaBytes };
}

async function askProgram(session: Session, signal: AbortSignal): Promise<string | undefined> {
  const options = { signal, timeout: PATIENCE_MS };
  // Some servers tell it to nobody, which says nothing of the rest.
  const told = await askVersion(session, serverOf(session.jid), options).catch(() => undefined);
  return told?.name ? `${told.name} ${told.version}`.trim() : undefined;
}
