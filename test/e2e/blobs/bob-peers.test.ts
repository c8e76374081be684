import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { BitOfBinary } from '../../../src/protocol/bob/bit-of-binary.js';
import { BitsOfBinary } from '../../../src/protocol/bob/bits-of-binary.js';
import { contentIdOf } from '../../../src/protocol/bob/content-id.js';
import { blobElement } from '../../../src/protocol/bob/stanzas.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { xml } from '../../../src/session/xml.js';
import { startPeer } from '../../support/programs/peers.js';
import type { Running } from '../../support/programs/process.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import { filesIn, outcomeOf, prepareStage, resultsOf } from '../stage.js';

const ALICE = 'alice@localhost';
const stage = prepareStage();

const peers: Running[] = [];
const sessions: Session[] = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.stop('SIGKILL')));
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});

/** slixmpp, as alice@localhost/peer. */
function slixmpp(...args: string[]): Running {
  const peer = startPeer('slixmpp_peer.py', args, stage.server, 'alice');
  peers.push(peer);
  return peer;
}

/** This library, as bob@localhost/library. */
async function library(): Promise<Session> {
  const { jid, password } = stage.server.account('bob');
  const { service, ca } = stage.server;
  const session = await connect({ account: `${jid}/library`, password, service, ca });
  sessions.push(session);
  return session;
}

async function picture() {
  const bytes = randomBytes(900);
  const path = join(stage.folder(), 'picture.png');
  await writeFile(path, bytes);
  return { bytes, path, cid: contentIdOf(bytes, 'sha1') };
}

/** slixmpp publishes a picture; `cid` as it printed it. */
async function published(...maxAge: string[]) {
  const { bytes, path } = await picture();
  const peer = slixmpp('bob-publish', path, 'image/png', ...maxAge);
  const [cid] = await peer.line(/^sha1\+.*@bob\.xmpp\.org$/);
  return { bytes, cid, peer };
}

const cached = () => filesIn(stage.home('bob')).filter((path) => !path.endsWith('.json'));

(HAS_PEERS ? describe : describe.skip)('with slixmpp', () => {
  test('a blob inside its message arrives, checked', async () => {
    const { bytes, path, cid } = await picture();
    const session = await library();
    const arrived = new Promise<[BitOfBinary, string]>((resolve) => {
      new BitsOfBinary(session).onBlob((blob, from) => resolve([blob, from]));
    });
    slixmpp('bob-message', session.jid, path, 'image/png');
    const expected = { cid, type: 'image/png', maxAge: 60, bytes };
    expect(await arrived).toEqual([expected, `${ALICE}/peer`]);
  });

  test('a blob inside our message arrives', async () => {
    const { bytes, cid } = await picture();
    const target = join(stage.folder(), 'target');
    const peer = slixmpp('bob-await', target);
    await peer.line(/^ready$/);
    const session = await library();
    const data = blobElement({ cid, type: 'image/png', maxAge: 60, bytes });
    await session.send(xml('message', { to: `${ALICE}/peer` }, xml('body', {}, 'see'), data));
    await peer.line(new RegExp(`^${cid.replace('+', '\\+')} image/png$`));
    expect(await peer.exited).toMatchObject({ code: 0 });
    expect(await readFile(target)).toEqual(bytes);
  });

  test('a bare JID is enough: its presence is seen, and what it can do is asked', async () => {
    const { bytes, cid } = await published();
    const bob = stage.inband('bob', ['fetch', cid, '--from', ALICE]);
    const [path = ''] = await resultsOf(bob);
    expect(await readFile(path)).toEqual(bytes);
  });

  test('its max-age decides what is kept, and then nobody is asked', async () => {
    const kept = await published('3600');
    await resultsOf(stage.inband('bob', ['fetch', kept.cid, '--from', `${ALICE}/peer`]));
    await kept.peer.stop();
    expect(cached()).toHaveLength(1);
    const again = stage.inband('bob', ['fetch', kept.cid], { env: { INBAND_ACCOUNT: undefined } });
    const [path = ''] = await resultsOf(again);
    expect(await readFile(path)).toEqual(kept.bytes);

    const notKept = await published('0');
    await resultsOf(stage.inband('bob', ['fetch', notKept.cid, '--from', `${ALICE}/peer`]));
    expect(cached()).toHaveLength(1);
  });

  test('a cid that it does not know ends with 9, whatever it calls the error', async () => {
    await published();
    const cid = contentIdOf(randomBytes(8), 'sha1');
    const bob = stage.inband('bob', ['fetch', cid, '--from', `${ALICE}/peer`]);
    expect(await outcomeOf(bob)).toMatchObject({ code: 9, stdout: '' });
  });

  test('hears item-not-found of a cid that we do not know, and of one only fetched', async () => {
    const { cid, peer } = await published();
    await resultsOf(stage.inband('bob', ['fetch', cid, '--from', `${ALICE}/peer`]));
    await peer.stop();
    await stage.receive('bob');
    for (const asked of [cid, contentIdOf(randomBytes(8), 'sha1')]) {
      const target = join(stage.folder(), 'target');
      const asker = slixmpp('bob-fetch', 'bob@localhost/inband', asked, target);
      expect(await asker.exited).toMatchObject({ code: 1 });
      expect(asker.stderr()).toContain('item-not-found');
    }
  });
});
