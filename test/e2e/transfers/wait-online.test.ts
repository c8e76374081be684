import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { NS_JINGLE_MESSAGE } from '../../../src/protocol/jingle/message-initiation.js';
import { connect } from '../../../src/session/connect.js';
import { xml } from '../../../src/session/xml.js';
import { startEjabberd } from '../../support/servers/ejabberd.js';
import { startProsody } from '../../support/servers/prosody.js';
import type { TestServer } from '../../support/servers/server.js';
import { firstResults, hashOfFile, outcomeOf, prepareStageOn, type Stage } from '../stage.js';

const WAITS = /^\S+ is not there; waiting for it, 10 min at most$/;

/** A letter to somebody, sent by somebody who waits. */
async function letterFrom(stage: Stage<TestServer>, who: string, to: string, args: string[] = []) {
  const letter = join(stage.folder(), 'letter.txt');
  await writeFile(letter, `to ${to}`);
  const sender = stage.inband(who, ['send', '--wait-online', '10m', ...args, letter, to]);
  return { letter, sender };
}

describe.each([
  ['Prosody', () => startProsody()],
  ['ejabberd', () => startEjabberd()],
] as const)('on %s', (_name, start) => {
  const stage = prepareStageOn<TestServer>(start);

  test('a contact who comes online gets the file at once (R341)', async () => {
    const { domain } = stage.server;
    const { letter, sender } = await letterFrom(stage, 'alice', `bob@${domain}`);
    await sender.line(WAITS, 'stderr');
    const bob = await stage.receive('bob');
    const [path = ''] = await firstResults(bob, 1);
    expect(await hashOfFile(path)).toBe(await hashOfFile(letter));
    expect(await outcomeOf(sender)).toMatchObject({ code: 0 });
  }, 60_000);

  test('who is no contact is asked for, and a person’s client rings once (R340, R342)', async () => {
    const { domain, service, ca } = stage.server;
    const { jid, password } = stage.server.account('bob');
    const phone = await connect({ account: `${jid}/phone`, password, service, ca });
    let proposals = 0;
    phone.onMessage((message) => {
      // Prosody keeps what others have proposed before, and shows it now.
      const isTheirs = message.attrs.from?.startsWith('mallory@');
      if (isTheirs && message.getChild('propose', NS_JINGLE_MESSAGE)) proposals += 1;
    });
    await phone.send(xml('presence'));
    const to = `bob@${domain}`;
    const { letter, sender } = await letterFrom(stage, 'mallory', to, ['--json', '-v']);
    const [told] = await sender.line(/^\{"event":"waiting".*$/);
    expect(JSON.parse(told)).toEqual({
      ...{ event: 'waiting', id: expect.any(Number), to, seconds: 600 },
      error: expect.stringContaining('took the file'),
    });
    await sender.line(/is still not there; next try in 15 s$/, 'stderr');
    expect(proposals).toBe(1);
    const bob = await stage.receive('bob', ['--allow', 'anyone']);
    const [path = ''] = await firstResults(bob, 1);
    expect(await hashOfFile(path)).toBe(await hashOfFile(letter));
    expect(await outcomeOf(sender)).toMatchObject({ code: 0 });
    expect(proposals).toBe(1);
    await phone.close();
  }, 90_000);

  test.each(['nobody@nowhere.invalid', 'nobody@nowhere.invalid/inband'])(
    'a domain that there is not ends it at once: %s (R344)',
    async (to) => {
      const { sender } = await letterFrom(stage, 'alice', to);
      const { code, stderr } = await outcomeOf(sender);
      expect(stderr).not.toContain('waiting');
      // Prosody speaks to no other server here, and says that it is not allowed.
      expect([5, 6]).toContain(code);
    },
    60_000,
  );

  test('the time is over for an account that there is not (R343)', async () => {
    const { domain } = stage.server;
    const to = `unknown@${domain}`;
    const { sender } = await letterFrom(stage, 'alice', to, ['--wait-online', '1s']);
    const { code, stderr } = await outcomeOf(sender);
    expect([code, stderr]).toEqual([5, expect.stringMatching(/, though it was waited for 1 s$/m)]);
  }, 60_000);

  test('Ctrl-C ends it at once (R345)', async () => {
    const { domain } = stage.server;
    const { sender } = await letterFrom(stage, 'alice', `bob@${domain}`);
    await sender.line(WAITS, 'stderr');
    sender.child.kill('SIGINT');
    const { code, stderr } = await outcomeOf(sender);
    expect([code, stderr]).toEqual([130, expect.not.stringContaining('waited')]);
  }, 60_000);
});
