import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Running } from '../../support/programs/process.js';
import type { Peer } from '../../support/servers/scripted-server.js';
import { onScriptedServer } from '../on-scripted-server.js';

const startInband = onScriptedServer();

const PING = `<iq type='get' id='ping' from='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;
const OPEN = `<iq type='set' id='open' from='alice@localhost/phone'>
  <open xmlns='http://jabber.org/protocol/ibb' sid='s1' block-size='4096'/></iq>`;

/** Without an answer it would wait for half a minute. */
async function letHaveCarbons(peer: Peer): Promise<void> {
  const { id } = await peer.stanza('iq');
  peer.write(`<iq type='result' id='${id}'/>`);
}

test('says that it is online when it knows its contacts and takes their files, not sooner', async () => {
  const [receive, peer] = await startInband(['receive', '--json']);
  const { id, text } = await peer.stanza('iq');
  expect(text).toContain('jabber:iq:roster');
  peer.write(PING);
  await peer.expect(/<iq[^>]*id="ping"/);
  expect(receive.stdout()).toBe('');

  const item = `<item jid='alice@localhost' subscription='both'/>`;
  const query = `<query xmlns='jabber:iq:roster'>${item}</query>`;
  peer.write(`<iq type='result' id='${id}'>${query}</iq>`);
  await letHaveCarbons(peer);
  await receive.line(/^\{"event":"state","state":"online"/);
  peer.write(OPEN);
  const [answer] = await peer.expect(/<iq[^>]*id="open"[^>]*>/);
  expect(answer).toContain('type="result"');
});

test('with --plain-s5b says what may come, and what that means', async () => {
  const [receive] = await startInband(['receive', '--plain-s5b']);
  await receive.line(
    /^files may come beside the XMPP stream from other programs, not encrypted: whoever carries it can read and change it$/,
    'stderr',
  );
});

describe('contacts', () => {
  const item = (jid: string) =>
    `<item jid='${jid}' name='Nurse' subscription='both'><group>Verona</group></item>`;

  /** Starts it, with these contacts on the server, and then alice. */
  async function withContacts(jids: readonly string[]) {
    const [receive, peer] = await startInband(['receive', '--json', '--allow', 'contacts']);
    const { id } = await peer.stanza('iq');
    peer.write(`<iq type='result' id='${id}'><query xmlns='jabber:iq:roster'>`);
    for (let first = 0; first < jids.length; first += 1_000) {
      peer.write(
        jids
          .slice(first, first + 1_000)
          .map(item)
          .join(''),
      );
    }
    peer.write(`${item('alice@localhost')}</query></iq>`);
    await letHaveCarbons(peer);
    await receive.line(/^\{"event":"state","state":"online"/);
    peer.write(OPEN);
    const [answer] = await peer.expect(/<iq[^>]*id="open"[^>]*>/);
    return { receive, answer };
  }

  test('are let in up to the last, though no other stanza may be as long (R64)', async () => {
    const jids = Array.from({ length: 5_000 }, (_, index) => `capulet${index}@localhost`);
    expect(jids.map(item).join('').length).toBeGreaterThan(256 * 1024);
    const { receive, answer } = await withContacts(jids);
    expect(answer).toContain('type="result"');
    expect(receive.stderr()).toBe('');
  });

  // The number of them that is too much is tried in test/protocol/presence/roster, as it takes its time here.
  test('are not let in where all are more than is kept, and a warning says so (R64)', async () => {
    const domain = `${'montague.'.repeat(110)}localhost`;
    const jids = Array.from(
      { length: 8_400 },
      (_, index) => `${`r${index}`.padEnd(1_023, 'o')}@${domain}`,
    );
    const { receive, answer } = await withContacts(jids);
    expect(answer).toContain('type="error"');
    await receive.line(
      /the contacts cannot be read, so none is let in \(there are more than 200000\)/,
      'stderr',
    );
  });
});

describe('a signal', () => {
  /** Online, with a server that reads no more and so never says good-bye. */
  async function onStalledServer() {
    const [receive, peer] = await startInband(['receive', '--json', '--allow', 'own']);
    await letHaveCarbons(peer);
    await receive.line(/^\{"event":"state","state":"online"/);
    peer.stall();
    return receive;
  }

  test('ends it though the server does not answer the good-bye (R41)', async () => {
    const receive = await onStalledServer();
    expect(await receive.stop('SIGINT')).toEqual({ code: 130, signal: null });
  });

  test('that is the second one ends it at once, with a code of its own (R41)', async () => {
    const receive = await onStalledServer();
    receive.child.kill('SIGINT');
    await receive.line(/^\{"event":"state","state":"offline"/);
    expect(await receive.stop('SIGTERM')).toEqual({ code: 143, signal: null });
  });
});

describe('the inbox', () => {
  const BLOCK = `<iq type='set' id='block' from='alice@localhost/phone'>
    <data xmlns='http://jabber.org/protocol/ibb' sid='s1' seq='0'>${btoa('hello')}</data></iq>`;
  const CLOSE = `<iq type='set' id='close' from='alice@localhost/phone'>
    <close xmlns='http://jabber.org/protocol/ibb' sid='s1'/></iq>`;

  let folder: string;
  let inbox: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-receive-'));
    inbox = join(folder, 'inbox');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function online(): Promise<[Running, Peer]> {
    const args = ['receive', '--json', '--allow', 'alice@localhost', '--dir', inbox];
    const [receive, peer] = await startInband(args);
    await letHaveCarbons(peer);
    await receive.line(/^\{"event":"state","state":"online"/);
    return [receive, peer];
  }

  test('that was removed while it is online is there again for the next file (R85)', async () => {
    const [receive, peer] = await online();
    await rm(inbox, { recursive: true });
    peer.write(OPEN);
    await peer.expect(/<iq[^>]*id="open"[^>]*>/);
    peer.write(BLOCK);
    await peer.expect(/<iq[^>]*id="block"[^>]*>/);
    peer.write(CLOSE);
    const [line] = await receive.line(/^\{"event":"done".*/);
    expect(await readFile(JSON.parse(line).path, 'utf8')).toBe('hello');
  });

  test('in whose place a link was put gets nothing, and the daemon ends with 10 (R85)', async () => {
    const [receive, peer] = await online();
    await rename(inbox, `${inbox} of yesterday`);
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(elsewhere, inbox);
    peer.write(OPEN);
    await peer.expect(/<\/stream:stream>/);
    peer.end();
    expect(await receive.exited).toEqual({ code: 10, signal: null });
    expect(receive.stdout()).toContain('is no longer the folder that it was: a link was put');
    expect(await readdir(elsewhere)).toEqual([]);
  });
});
