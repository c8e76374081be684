import { readFile } from 'node:fs/promises';
import { request as blobRequest } from '../../../src/protocol/bob/stanzas.js';
import { open } from '../../../src/protocol/ibb/stanzas.js';
import { description } from '../../../src/protocol/jingle/file-description.js';
import { content, jingle } from '../../../src/protocol/jingle/stanzas.js';
import { transport } from '../../../src/protocol/jingle/transports/ibb-stanzas.js';
import { offer } from '../../../src/protocol/si/stanzas.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import type { TestServer } from '../../support/servers/server.js';

/** Where nothing may be the answer. */
const PATIENCE_MS = 5_000;
/** Where there is one to each, however slow the machine. */
export const LONG_PATIENCE_MS = 60_000;
const RESOURCES = 4;

/** What a flood is made of: everything that could take a place, an answer, or both. */
const REQUESTS: readonly ((sid: string) => ['get' | 'set', Element])[] = [
  (sid) => ['set', open({ sid, blockSize: 4096, stanza: 'iq' })],
  (sid) => ['set', jingleOffer(sid)],
  (sid) => ['set', offer(sid, { name: sid, size: 1000 })],
  (sid) => ['get', blobRequest(`${sid}@bob.xmpp.org`)],
  () => ['get', xml('junk', { xmlns: 'urn:junk' }, 'x'.repeat(5000))],
];

function jingleOffer(sid: string): Element {
  const creator = 'initiator' as const;
  const file = description({ name: sid, size: 1000 });
  const stream = transport({ sid: `${sid}.ibb`, blockSize: 4096, stanza: 'iq' });
  return jingle(
    'session-initiate',
    sid,
    {},
    content({ creator, name: 'file', senders: creator }, file, stream),
  );
}

/** How often each answer came: `result`, the condition of an error, or the name of what else happened. */
export type Answers = Record<string, number>;

/**
 * Sends `each` requests from each of the accounts, spread over some resources, to a full JID. The senders never
 * answer what they are asked. Each resource has up to `window` requests under way. Resolves when the last one is answered, or has waited for some seconds in vain.
 */
export async function flood(
  server: TestServer,
  accounts: string[],
  each: number,
  to: string,
  { window = 100, patience = PATIENCE_MS } = {},
): Promise<Answers> {
  const answers: Answers = {};
  const sessions = await Promise.all(
    accounts.flatMap((name) => Array.from({ length: RESOURCES }, () => logIn(server, name))),
  );
  await Promise.all(
    sessions.map((session) => attack(session, each / RESOURCES, { to, window, patience, answers })),
  );
  await Promise.all(sessions.map((session) => session.close()));
  return answers;
}

function logIn(server: TestServer, name: string): Promise<Session> {
  const { jid, password } = server.account(name);
  return connect({ account: jid, password, service: server.service, ca: server.ca });
}

interface Attack {
  to: string;
  window: number;
  /** Milliseconds. */
  patience: number;
  answers: Answers;
}

async function attack(session: Session, count: number, { to, window, patience, answers }: Attack) {
  let sent = 0;
  const send = async () => {
    for (; sent < count; ) {
      const [type, payload] = request(sent++);
      const outcome = await session
        .request(type, to, payload, { timeout: patience })
        .then(() => 'result', nameOf);
      answers[outcome] = (answers[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: window }, send));
}

function request(index: number): ['get' | 'set', Element] {
  const make = REQUESTS[index % REQUESTS.length] as (typeof REQUESTS)[number];
  return make(`flood${index}`);
}

const nameOf = (error: Error) => (error instanceof StanzaError ? error.condition : error.name);

/** The most memory that a process ever held, in bytes (Linux). */
export async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  if (!kibibytes) throw new Error(`no peak of memory in ${status}`);
  return Number(kibibytes) * 1024;
}
