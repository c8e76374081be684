import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startProsody } from '../servers/prosody.js';
import { HAS_PEERS, type TestServer } from '../servers/server.js';
import { type PeerScript, startPeer } from './peers.js';

const SLIXMPP = 'slixmpp_peer.py';
const AIOXMPP = 'aioxmpp_peer.py';

(HAS_PEERS ? describe : describe.skip)('the Python peers', () => {
  const bytes = randomBytes(100_000);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  let server: TestServer;
  let folder: string;
  let source: string;
  let target: string;
  beforeAll(async () => {
    server = await startProsody({ streamManagement: false }); // 44 ms a block with aioxmpp otherwise
    folder = await mkdtemp(join(tmpdir(), 'inband-peers-'));
    [source, target] = [join(folder, 'source'), join(folder, 'target')];
    await writeFile(source, bytes);
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  test.each<[PeerScript, PeerScript, string]>([
    [SLIXMPP, AIOXMPP, 'send-iq'],
    [AIOXMPP, SLIXMPP, 'send-message'],
  ])('%s to %s by %s', async (sender, receiver, command) => {
    const bob = startPeer(receiver, ['receive', 'alice@localhost', target], server, 'bob');
    await bob.line(/^ready$/);
    const alice = startPeer(sender, [command, 'bob@localhost/peer', source], server, 'alice');
    expect((await alice.line(/^done (.*)/))[1]).toBe(sha256);
    expect((await bob.line(/^done (.*)/))[1]).toBe(sha256);
    expect([await alice.exited, await bob.exited]).toEqual(
      Array(2).fill({ code: 0, signal: null }),
    );
    expect(await readFile(target)).toEqual(bytes);
  });

  test('slixmpp serves a blob until its standard input ends', async () => {
    await writeFile(source, bytes.subarray(0, 5000));
    const bob = startPeer(SLIXMPP, ['bob-publish', source, 'image/png'], server, 'bob');
    const [cid] = await bob.line(/^sha1\+.*@bob\.xmpp\.org$/);
    const args = ['bob-fetch', 'bob@localhost/peer', cid, target];
    expect(await startPeer(SLIXMPP, args, server, 'alice').exited).toMatchObject({ code: 0 });
    expect(await readFile(target)).toEqual(bytes.subarray(0, 5000));
    bob.child.stdin?.end();
    expect(await bob.exited).toMatchObject({ code: 0 });
  });

  test('a peer that cannot log in fails', async () => {
    await server.addAccount('mallory');
    const stranger = { ...server, account: () => ({ jid: 'bob@localhost', password: 'wrong' }) };
    const peer = startPeer(AIOXMPP, ['receive', 'alice@localhost', target], stranger, 'bob');
    expect(await peer.exited).toMatchObject({ code: 1 });
    expect(peer.stdout()).toBe('');
  });
});
