// Clients that carry files beside the stream in the clear: scripts that do what was read of their sources.
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DIRECT } from '../../../src/transfer/lane/names.js';
import { startPeer } from '../../support/programs/peers.js';
import type { Running } from '../../support/programs/process.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import { eventsOf, hashOfFile, outcomeOf, prepareStageOn, writeRandom } from '../stage.js';

const PROXY = 'proxy.localhost';
const PEER = 'bob@localhost/peer';
const BYTES = 300_000;

const CLIENTS = ['dino', 'conversations', 'gajim', 'psi', 'libervia'] as const;
const SERVERS = [
  ['Prosody', () => startProsody({ proxy: true }), CLIENTS],
  // The way there is the same for all of them.
  ['ejabberd', () => startEjabberd({ proxy: true }), CLIENTS.slice(0, 2)],
] as const;

const named = (stdout: string, name: string) =>
  eventsOf(stdout).filter(({ event }) => event === name);

/** What the peer has said when it has ended well. */
async function saidBy(peer: Running): Promise<string[]> {
  const { code, stdout, stderr } = await outcomeOf(peer);
  if (code !== 0) throw new Error(`${stdout}\n${stderr}`);
  return stdout.split('\n');
}

const onPeers = HAS_PEERS ? describe : describe.skip;

onPeers.each(SERVERS)('on %s, which has a proxy,', (name, startServer, clients) => {
  const stage = prepareStageOn(startServer);

  const film = async () => {
    const path = join(stage.folder(), 'film.mkv');
    return { path, hash: await writeRandom(path, BYTES) };
  };

  const startAs = (user: string, ...args: string[]) =>
    startPeer('socks5_peer.py', args, stage.server, user);

  /** Alice sends the film to Bob, who has this client; what became of it on both sides. */
  async function sentTo(client: string, fault: string, ...flags: string[]) {
    const { path, hash } = await film();
    const came = join(stage.folder(), 'came');
    const peer = startAs('bob', client, 'receive', came, fault);
    await peer.line(/^ready/);
    const args = ['send', '--json', '--retry-for', '0', ...flags, path, PEER];
    const sent = await outcomeOf(stage.inband('alice', args));
    return { peer, sent, hash, came };
  }

  /** Bob receives what Alice sends, who has that client. */
  async function comesFrom(client: string, fault = '', ...flags: string[]) {
    const { path, hash } = await film();
    const bob = await stage.receive('bob', ['--plain-s5b', '--once', '--json', ...flags]);
    const peer = startAs('alice', client, 'send', 'bob@localhost/inband', path, fault);
    const received = await outcomeOf(bob);
    return { peer, received, hash };
  }

  test.each([...clients])(
    'a file goes to %s by it, and not to the address that it tells, and the sender hears what that means (R893)',
    async (client) => {
      const { peer, sent, hash, came } = await sentTo(client, '', '--plain-s5b');
      expect(sent).toMatchObject({ code: 0 });
      expect(named(sent.stdout, 'done')).toMatchObject([{ lane: PROXY, encrypted: false }]);
      expect(sent.stderr).toContain(
        `film.mkv goes to ${PEER} beside the XMPP stream, not encrypted: whoever carries it can read and change it`,
      );
      expect(await saidBy(peer)).toEqual(
        expect.arrayContaining(['by socks5', 'direct 0', `done ${hash}`]),
      );
      expect(await hashOfFile(came)).toBe(hash);
    },
  );

  test.each([...clients])(
    'a file comes from %s by it, and is not verified (R893, R1043)',
    async (client) => {
      const { peer, received, hash } = await comesFrom(client);
      expect(received).toMatchObject({ code: 0 });
      expect(received.stderr).toContain(
        'files may come beside the XMPP stream from other programs, not encrypted: whoever carries it can read and change it\n',
      );
      const done = { sha256: hash, lane: PROXY, encrypted: false, unverified: true };
      expect(named(received.stdout, 'done')).toMatchObject([done]);
      expect(await saidBy(peer)).toEqual(expect.arrayContaining(['by socks5', 'direct 0']));
    },
  );

  if (name !== 'Prosody') return;

  test.each([
    ['Conversations, whose proxy fails without a word,', 'conversations', 'mute'],
    ['Gajim, which reaches nothing,', 'gajim', 'unreachable'],
  ])('a file goes in-band to %s within the session (R896)', async (_who, client, fault) => {
    const { peer, sent, hash } = await sentTo(client, fault, '--plain-s5b');
    expect(sent).toMatchObject({ code: 0 });
    expect(named(sent.stdout, 'done')[0]).not.toHaveProperty('lane');
    expect(await saidBy(peer)).toEqual(expect.arrayContaining(['by ibb', `done ${hash}`]));
  });

  test('a file goes in-band by a new session to one who takes nothing else in the first (R896)', async () => {
    const { peer, sent, hash } = await sentTo('libervia', 'rejects', '--plain-s5b');
    expect(sent).toMatchObject({ code: 0 });
    const said = await saidBy(peer);
    expect(said).toEqual(expect.arrayContaining(['refused transport-replace', 'by ibb']));
    expect(said).toContain(`done ${hash}`);
  });

  test.each([
    ['Conversations, whose proxy fails without a word,', 'conversations', 'mute'],
    ['Psi, which reaches nothing,', 'psi', 'unreachable'],
  ])('a file comes in-band from %s within the session (R896)', async (_who, client, fault) => {
    const { peer, received, hash } = await comesFrom(client, fault);
    expect(received).toMatchObject({ code: 0 });
    const [done] = named(received.stdout, 'done');
    expect(done).toMatchObject({ sha256: hash });
    expect(done).not.toHaveProperty('lane');
    expect(await saidBy(peer)).toContain('by ibb');
  });

  test('nothing goes in-band to Dino, which would lose it, where there is no other way (R895)', async () => {
    const { peer, sent } = await sentTo('dino', 'unreachable', '--plain-s5b');
    expect(sent).toMatchObject({ code: 7 });
    const [failed] = named(sent.stdout, 'failed');
    expect(failed?.hints).toEqual([
      '--via http leaves it on your server, not encrypted, with a link',
    ]);
    expect((await outcomeOf(peer)).stdout).not.toContain('by ibb');
  });

  test.each(DIRECT)(
    'with --direct %s nobody connects to this machine, however it is offered, and the file goes by the proxy of the server (R898)',
    async (direct) => {
      const flags = ['--plain-s5b', '--direct', direct];
      const { peer, sent } = await sentTo('gajim', 'hostile', ...flags);
      expect(named(sent.stdout, 'done')).toMatchObject([{ lane: PROXY }]);
      expect(await saidBy(peer)).toContain('direct 0');
    },
  );

  test('nor does a recipient, where a sender offers that, whatever --direct lets it (R898)', async () => {
    const { peer, received, hash } = await comesFrom('gajim', 'hostile', '--direct', 'contacts');
    // Five are looked at, and its names of this machine come first: it is the sender that loses by that.
    expect(named(received.stdout, 'done')).toMatchObject([{ sha256: hash }]);
    expect(await saidBy(peer)).toContain('direct 0');
  });

  test('the flag is named to one who sends to a client that takes files so alone (R890)', async () => {
    const { peer, sent } = await sentTo('alone', '');
    expect(sent).toMatchObject({ code: 5 });
    expect(named(sent.stdout, 'failed')[0]).toMatchObject({
      error: `${PEER} takes no files inside the XMPP stream`,
      hints: [
        '--plain-s5b sends it beside the XMPP stream, not encrypted: whoever carries it can read and change it',
      ],
    });
    await peer.stop();
  });
});
