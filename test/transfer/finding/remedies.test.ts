import { expect, jest, test } from '@jest/globals';
import { OfferUnanswered } from '../../../src/protocol/jingle/why-not-sent.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { xml } from '../../../src/session/xml.js';
import { Remedies } from '../../../src/transfer/finding/remedies.js';
import { sealingsBy } from '../../../src/transfer/keys/sealings.js';
import {
  keyUntold,
  NotInStream,
  notThere,
  RecipientRefused,
  RecipientUnreachable,
  whyNotAccepted,
} from '../../../src/transfer/recipient-errors.js';
import { type Service, sessionsWithServices } from '../../protocol/socks5/server.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { memoryTrust, sendingBy } from '../../support/sealing.js';

const JULIET = 'juliet@capulet.example';
const UPLOADS = 'urn:xmpp:http:upload:0';
const BYTES = 100_000;

const WAIT = '--wait-online 3h waits until somebody there takes it';
const LEAVE = '--via auto,http leaves it on your server, not encrypted, with a link';
const BOTH = `${WAIT}; ${LEAVE}`;

const field = (name: string, value: string) => xml('field', { var: name }, xml('value', {}, value));

/** A service that takes files of so many bytes. */
const taking =
  (most: number): Service =>
  async () =>
    xml(
      'query',
      { xmlns: 'http://jabber.org/protocol/disco#info' },
      xml('feature', { var: UPLOADS }),
      xml(
        'x',
        { xmlns: 'jabber:x:data' },
        field('FORM_TYPE', UPLOADS),
        field('max-file-size', `${most}`),
      ),
    );

const refusing: Service = async () => {
  throw new StanzaError('cancel', 'service-unavailable');
};

interface World {
  jid?: string;
  error?: Error;
  file?: { size?: number; isFolder?: true };
  uploads?: Service;
  sealing?: Parameters<typeof sendingBy>[0];
  leavingBy?: string | undefined;
  mayLeave?: boolean;
  /** Milliseconds. */
  waitOnline?: number;
}

const away = (condition = 'service-unavailable') =>
  notThere(JULIET, new StanzaError('cancel', condition));

/** What is said below a failure, and how often the server was asked for that. */
async function remedy({
  jid = JULIET,
  error = away(),
  file = { size: BYTES },
  uploads = taking(1_000_000),
  sealing = {},
  waitOnline = 0,
  ...given
}: World = {}) {
  let asked = 0;
  const counted: Service = (stanza) => {
    asked += 1;
    return uploads(stanza);
  };
  const services = new Map([['upload.montague.example', counted]]);
  const [romeo] = sessionsWithServices({ services });
  const pending = new Set<string>();
  const remedies = new Remedies({
    ...{ jid, leavingBy: '--via auto,http', ...given, waitOnline },
    sealing: sealingsBy(sendingBy({ encrypt: 'auto', ...sealing }))(jid),
    session: async () => romeo,
    signal: new AbortController().signal,
    report: (event) => void (event.event === 'pending' && pending.add(event.text)),
  });
  const said = await remedies.after(error, file);
  expect(await remedies.after(error, file)).toBe(said);
  expect([...pending]).toEqual(asked > 0 ? ['asking your server whether it takes uploads'] : []);
  return { said, asked };
}

test('who is away may be waited for, or get a link, not encrypted, for which the server is asked once (R1285, R1326)', async () => {
  expect(await remedy()).toEqual({ said: BOTH, asked: 1 });
  expect(await remedy({ jid: `${JULIET}/inband` })).toEqual({ said: BOTH, asked: 1 });
  const { said } = await remedy({ leavingBy: '--via si,http' });
  expect(said).toContain('; --via si,http leaves it');
});

const trusted = memoryTrust();
trusted.of.set(JULIET, [{ key: 'k', isVerified: false, since: new Date(0) }]);

test.each<[string, World]>([
  ['the server takes no uploads', { uploads: refusing }],
  ['it takes none so large', { uploads: taking(BYTES - 1) }],
  ['the file has no size', { file: {} }],
  ['it is a folder', { file: { size: 0, isFolder: true } }],
  ['all must be encrypted', { sealing: { encrypt: 'require' } }],
  ['a key is known', { sealing: { trusted } }],
  ['the recipient is the own account', { sealing: { account: JULIET } }],
  ['the ways or the account exclude it', { leavingBy: undefined }],
  ['the recipient is a server', { jid: 'capulet.example' }],
  ['their server does not answer', { error: away('remote-server-timeout') }],
  [
    'somebody there does not answer an offer',
    { error: whyNotAccepted(new RequestTimeout('no answer'), JULIET) },
  ],
])('no link is named where %s (R1285)', async (_, world) => {
  expect((await remedy(world)).said).toBe(WAIT);
});

test.each<[string, World]>([
  ['whose server is nowhere', { error: away('remote-server-not-found') }],
  ['who has moved', { error: away('gone') }],
  ['whom the own server lets nothing through to', { error: away('not-allowed') }],
  ['who has refused', { error: new RecipientRefused('no') }],
  ['who has not decided', { error: whyNotAccepted(new OfferUnanswered('no answer'), JULIET) }],
  ['who does not tell a key', { error: keyUntold(JULIET, new RequestTimeout('no answer')) }],
  ['for whom a link is left already', { mayLeave: true, leavingBy: undefined }],
])('nothing is named for one %s (R1285)', async (_, world) => {
  expect(await remedy(world)).toEqual({ said: undefined, asked: 0 });
});

test('after a wait a link takes its place, and for a client that takes nothing inside the stream (R1285)', async () => {
  const cause = away();
  const error = new RecipientUnreachable('it was waited for', { cause });
  const instead =
    '--via auto,http in place of --wait-online leaves it on your server, not encrypted, with a link';
  expect((await remedy({ error, waitOnline: 60_000 })).said).toBe(instead);
  expect((await remedy({ error: new NotInStream('none') })).said).toBe(LEAVE);
});

const silent = () => new Promise<never>(() => undefined);

test.each<[string, () => Promise<Session>]>([
  ['nobody gets online', silent],
  [
    'the session is being resumed, which lets no time pass for what is asked',
    async () => {
      const services = new Map([['upload.montague.example', silent]]);
      const [romeo] = sessionsWithServices({ services });
      romeo.suspend();
      return romeo;
    },
  ],
])('an error is not held back for long where %s (R1327)', async (_, session) => {
  const clock = new ManualClock();
  const remedies = new Remedies({
    ...{ jid: JULIET, leavingBy: '--via auto,http', waitOnline: 0, session, clock },
    sealing: sealingsBy(sendingBy({ encrypt: 'auto' }))(JULIET),
    signal: new AbortController().signal,
    report: () => undefined,
  });
  const said = jest.fn();
  const saying = remedies.after(away(), { size: BYTES }).then(said);
  await settled();
  await clock.advance(5_999);
  expect(said).not.toHaveBeenCalled();
  await clock.advance(1);
  await saying;
  expect(said).toHaveBeenCalledWith(WAIT);
  expect(clock.sleepers).toBe(0);
});
