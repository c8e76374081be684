// Clients of which no package is at hand: scripts that do on a real server what was seen of them.
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Channel } from '../../../src/protocol/channel.js';
import { answerDiscovery, type Identity } from '../../../src/protocol/disco.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { NS_IBB, readData } from '../../../src/protocol/ibb/stanzas.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { NS_JINGLE } from '../../../src/protocol/jingle/stanzas.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { available } from '../../../src/protocol/presence/presence.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import { answer, NS_SI, SI_FEATURES } from '../../../src/protocol/si/stanzas.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { jingle } from '../../../src/transfer/ways/jingle.js';
import { takeAll } from '../../protocol/ibb/bytestreams.js';
import { eventsOf, outcomeOf, prepareStage, sha256, writeRandom } from '../stage.js';

const BOB = 'bob@localhost';
const DESK = `${BOB}/desk`;
const PHONE = `${BOB}/phone`;
const ALL = [...jingle.features, ...SI_FEATURES, NS_IBB];

const stage = prepareStage();
const sessions: Session[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});

/** Bob, online with a client that says this of itself. */
async function logIn(
  account: string,
  features: readonly string[],
  identity: Partial<Identity> = {},
): Promise<Session> {
  const { service, ca } = stage.server;
  const { password } = stage.server.account('bob');
  const session = await connect({ account, password, service, ca });
  sessions.push(session);
  const who = { category: 'client', type: 'pc', name: 'odd', ...identity };
  answerDiscovery(session, { identity: who, features });
  await session.send(available());
  await session.sync();
  return session;
}

/** The same, who knows bytestreams. */
async function bobAs(...args: Parameters<typeof logIn>) {
  const session = await logIn(...args);
  return { session, bytestreams: new InBandBytestreams(session) };
}

/** It accepts the next file by SI; resolves to its bytes. */
function takesBySi(session: Session, bytestreams: InBandBytestreams): Promise<Buffer> {
  return new Promise<Channel>((resolve, reject) => {
    new SiFileTransfers(session, bytestreams).onOffer = (file) =>
      void file.accept().then(resolve, reject);
  }).then(takeAll);
}

/** It ends each session that is offered to it; how many there were. */
function endsJingle(session: Session, bytestreams: InBandBytestreams, condition: string) {
  const offers = { count: 0 };
  new JingleFileTransfers(session, [ibbTransport(bytestreams)]).onOffer = (file) => {
    offers.count += 1;
    file.decline({ condition });
  };
  return offers;
}

async function letter() {
  const path = join(stage.folder(), 'letter');
  return { path, hash: await writeRandom(path, 20_000) };
}

const send = (path: string, to: string, ...flags: string[]) =>
  outcomeOf(stage.inband('alice', ['send', '--verbose', ...flags, path, to]));

describe('libervia, which ends each Jingle offer with failed-application', () => {
  test.each([DESK, BOB])('gets the file of one who sends to %s by SI (R73)', async (to) => {
    const { session, bytestreams } = await bobAs(DESK, ALL);
    endsJingle(session, bytestreams, 'failed-application');
    const taken = takesBySi(session, bytestreams);
    const { path, hash } = await letter();
    const [sent, bytes] = await Promise.all([send(path, to), taken]);
    expect(sent).toMatchObject({ code: 0 });
    expect(sent.stderr).toMatch(/takes no files like this \(failed-application\); trying si$/m);
    expect(sha256(bytes)).toBe(hash);
  });

  test('leaves it to another resource where it knows nothing else (R73)', async () => {
    const desk = await bobAs(DESK, jingle.features);
    endsJingle(desk.session, desk.bytestreams, 'failed-application');
    const phone = await bobAs(PHONE, SI_FEATURES);
    const taken = takesBySi(phone.session, phone.bytestreams);
    const { path, hash } = await letter();
    const [sent, bytes] = await Promise.all([send(path, BOB), taken]);
    expect(sent).toMatchObject({ code: 0 });
    expect(sent.stderr).toContain(`trying ${PHONE}`);
    expect(sha256(bytes)).toBe(hash);
  });
});

test.each(['decline', 'cancel'])(
  'after a person has said no (%s), neither another way nor another resource is tried (R73)',
  async (condition) => {
    const desk = await bobAs(DESK, ALL);
    const offers = endsJingle(desk.session, desk.bytestreams, condition);
    let others = 0;
    const phone = await bobAs(PHONE, SI_FEATURES);
    for (const { session, bytestreams } of [desk, phone]) {
      new SiFileTransfers(session, bytestreams).onOffer = (file) => {
        others += 1;
        file.decline();
      };
    }
    expect(await send((await letter()).path, BOB)).toMatchObject({ code: 6 });
    expect([offers.count, others]).toEqual([1, 0]);
  },
);

describe('a client in whose place the server answers, as jabberd2 does', () => {
  const ACCOUNT = { category: 'account', type: 'registered', name: '' };

  test.each([
    [DESK, DESK],
    [BOB, `${BOB}/inband`],
  ])('of %s gets the file at %s in the way that it knows (R74)', async (to, account) => {
    const { session, bytestreams } = await bobAs(account, [], ACCOUNT);
    const taken = takesBySi(session, bytestreams);
    const { path, hash } = await letter();
    const [sent, bytes] = await Promise.all([send(path, to), taken]);
    expect(sent).toMatchObject({ code: 0 });
    expect(sha256(bytes)).toBe(hash);
  });

  test('and who knows nothing of files is nobody (R74)', async () => {
    await logIn(DESK, [], ACCOUNT);
    expect(await send((await letter()).path, DESK)).toMatchObject({ code: 5 });
  });

  test('is offered the file in the way that is named, though it says that it knows none (R74)', async () => {
    const { session, bytestreams } = await bobAs(DESK, ['urn:chat']);
    const taken = takesBySi(session, bytestreams);
    const { path, hash } = await letter();
    const [sent, bytes] = await Promise.all([send(path, DESK, '--via', 'si'), taken]);
    expect(sent).toMatchObject({ code: 0 });
    expect(sha256(bytes)).toBe(hash);
  });
});

describe('Dino', () => {
  test.each([DESK, BOB])('is offered nothing by one who sends to %s (R75)', async (to) => {
    const { session, bytestreams } = await bobAs(DESK, [...jingle.features, NS_IBB], {
      name: 'Dino',
    });
    const offers = endsJingle(session, bytestreams, 'decline');
    const sent = await send((await letter()).path, to);
    expect(sent).toMatchObject({ code: 5 });
    expect(sent.stderr).toMatch(/would lose the file: Dino .* keeps nothing of it\n {2}--via/);
    expect(offers.count).toBe(0);
    const probed = await outcomeOf(stage.inband('alice', ['probe', '--json', to]));
    expect(probed).toMatchObject({ code: 5 });
    const resource = eventsOf(probed.stdout).find(({ event }) => event === 'resource');
    expect(resource).toMatchObject({ client: 'Dino', ways: ['jingle', 'ibb'] });
    expect(resource).not.toHaveProperty('via');
  });

  test('is offered it where the way and the resource are named (R75)', async () => {
    const { session, bytestreams } = await bobAs(DESK, jingle.features, { name: 'Dino' });
    const offers = endsJingle(session, bytestreams, 'decline');
    const sent = await send((await letter()).path, DESK, '--via', 'jingle');
    expect(sent).toMatchObject({ code: 6 });
    expect(offers.count).toBe(1);
  });
});

test('Gajim 1.7.3, which fails over each offer, is noticed by the first ping (R77)', async () => {
  const session = await logIn(DESK, jingle.features, { name: 'Gajim' });
  const actions: string[] = [];
  session.handle('set', NS_JINGLE, 'jingle', ({ attrs: { action = '' } }) => {
    actions.push(action);
    if (action !== 'session-initiate') throw new StanzaError('cancel', 'item-not-found');
    return undefined;
  });
  const sent = await send((await letter()).path, DESK, '--accept-timeout', '20');
  expect(sent).toMatchObject({ code: 5 });
  expect(sent.stderr).toContain('is not there any more (gone: item-not-found)');
  expect(actions.slice(0, 2)).toEqual(['session-initiate', 'session-info']);
});

test('Coccinella, which takes blocks in messages alone, gets the whole file (R76)', async () => {
  const session = await logIn(DESK, SI_FEATURES);
  const blocks: Buffer[] = [];
  session.handle('set', NS_SI, 'si', () => answer(0));
  for (const name of ['open', 'close']) session.handle('set', NS_IBB, name, () => undefined);
  session.handle('set', NS_IBB, 'data', () => {
    throw new StanzaError('cancel', 'feature-not-implemented');
  });
  session.onMessage((message) => {
    const data = message.getChild('data', NS_IBB);
    if (data) blocks.push(readData(data).bytes ?? Buffer.alloc(0));
  });
  const { path, hash } = await letter();
  expect(await send(path, DESK)).toMatchObject({ code: 0 });
  expect(sha256(Buffer.concat(blocks))).toBe(hash);
});
