import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { isOfferedPath } from '../../../src/protocol/file-offer.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { JingleFileTransfers } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { JingleEnded } from '../../../src/protocol/jingle/session/jingle-ended.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { connect } from '../../../src/session/connect.js';
import type { Session } from '../../../src/session/session.js';
import { hostileNames } from '../../storage/hostile-names.js';
import { outcomeOf, prepareStage } from '../stage.js';

const stage = prepareStage();

/** No paths that lead down, or too long ones. */
const REFUSED = [
  ...['', '/', '.', '..', '../x', 'a/../x', '/etc/x', 'a//x', 'a/', './x', 'a/.', 'a/b/..'],
  `${'d/'.repeat(5000)}x`,
  `${'d/'.repeat(64)}x`,
  `${'d'.repeat(1025)}/x`,
  `${`${'d'.repeat(1000)}/`.repeat(3)}x`,
];

const sessions: Session[] = [];
afterEach(() => Promise.all(sessions.splice(0).map((session) => session.close())));

/** Alice, who sends a file of one byte with any text as its path. */
async function scriptedSender(recipient: string) {
  const { service, ca, account } = stage.server;
  const { password } = account('alice');
  const session = await connect({ account: 'alice@localhost/script', password, service, ca });
  const transfers = new JingleFileTransfers(session, [
    ibbTransport(new InBandBytestreams(session)),
  ]);
  const hashes = new Map([['sha-256', createHash('sha256').update('x').digest()]]);
  const sendPath = async (path: string) => {
    try {
      const offer = { name: 'x', size: 1, hashes, path: [path] };
      const file = await transfers.offer(recipient, offer, { blockSize: 4096 });
      file.channel.end('x');
      await file.confirmed();
      return 'made';
    } catch (error) {
      if (error instanceof JingleEnded && error.reason.condition === 'incompatible-parameters')
        return 'refused';
      throw error;
    }
  };
  sessions.push(session);
  return sendPath;
}

/** What may stand in XML. */
const isXml = (name: string) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(name);

test("a hostile path leads nowhere outside, replaces nothing, and adds nothing to what is not its sender's (R324)", async () => {
  const [root, inbox] = [stage.folder(), stage.folder()];
  const outside = join(root, 'outside');
  await mkdir(outside);
  await mkdir(join(inbox, 'mine'));
  await writeFile(join(inbox, 'file'), 'mine');
  await symlink(outside, join(inbox, 'link'));
  const tree = join(stage.folder(), 'theirs');
  await mkdir(tree);
  await writeFile(join(tree, 'a'), 'a');
  const receive = ['--dir', inbox, '--allow', 'contacts', '--allow', 'own', '--json'];
  const bob = await stage.receive('bob', receive);
  expect((await outcomeOf(stage.inband('bob', ['send', tree, 'bob@localhost']))).code).toBe(0);
  const sendPath = await scriptedSender('bob@localhost/inband');
  for (const path of REFUSED) expect([path, await sendPath(path)]).toEqual([path, 'refused']);
  const names = hostileNames.filter((name) => isOfferedPath([name]) && isXml(name));
  expect(names.length).toBeGreaterThan(140);
  for (const name of names) expect([name, await sendPath(`${name}/x`)]).toEqual([name, 'made']);
  for (const name of ['mine', 'file', 'link', 'theirs']) {
    expect([name, await sendPath(`${name}/x`)]).toEqual([name, 'made']);
  }
  await bob.stop();
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(root)).toEqual(['outside']);
  expect(readdirSync(join(inbox, 'mine'))).toEqual([]);
  expect(readdirSync(join(inbox, 'theirs'))).toEqual(['a']);
  expect(await readFile(join(inbox, 'file'), 'utf8')).toBe('mine');
  expect(lstatSync(join(inbox, 'link')).isSymbolicLink()).toBe(true);
  const made = readdirSync(inbox).filter((name) => name !== '.inband');
  expect(made).toHaveLength(4 + names.length + 4);
  expect(made.filter((name) => /^\.|[\\:/]/.test(name))).toEqual([]);
}, 600_000);

test('a path that is too long for the disk is refused before a byte of it comes, and its sender hears why (R405)', async () => {
  const inbox = join(stage.folder(), ...Array.from({ length: 11 }, () => 'x'.repeat(200)));
  const bob = await stage.receive('bob', ['--dir', inbox]);
  const sendPath = await scriptedSender('bob@localhost/inband');
  const long = `${'d'.repeat(240)}/`.repeat(8);
  // An offer that ends so was not accepted.
  await expect(sendPath(`${long}x`)).rejects.toMatchObject({
    reason: { condition: 'decline', text: 'its path is too long here' },
  });
  await bob.line(/did not arrive: its path is too long here/, 'stderr');
  expect(await sendPath('d/x')).toBe('made');
  expect(readdirSync(inbox).filter((name) => name !== '.inband')).toEqual(['d']);
});
