import { afterEach, describe, expect, test } from '@jest/globals';
import { InBandBytestreams } from '../../src/protocol/ibb/in-band-bytestreams.js';
import { JingleFileTransfers } from '../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../src/protocol/jingle/transports/ibb.js';
import { ConnectionLost, type StanzaSession } from '../../src/session/stanza-session.js';
import { pattern } from '../protocol/ibb/bytestreams.js';
import * as conversations from '../protocol/jingle/peers/conversations.js';
import * as conversations213 from '../protocol/jingle/peers/conversations-2.13.js';
import { accepts, dinoLoses, dinoSends, dinoTakes } from '../protocol/jingle/peers/dino.js';
import { gajimSends, gajimTakes } from '../protocol/jingle/peers/gajim.js';
import { psiSends, psiTakes } from '../protocol/jingle/peers/psi.js';
import { bytesOf, Script } from '../protocol/jingle/peers/script.js';
import { JULIET, linkedSessions, ROMEO } from '../support/linked-sessions.js';
import { ManualClock, settled } from '../support/manual-clock.js';
import { receive, send, sha256, sourceOf, withoutBlocks } from './transfers.js';

const sessions: StanzaSession[] = [];

afterEach(() => {
  for (const session of sessions.splice(0)) session.end(new ConnectionLost('the test is over'));
});

/** Romeo is ours, and Juliet has another client. */
function meeting() {
  const both = linkedSessions();
  sessions.push(...both);
  const [romeo, juliet] = both;
  const clock = new ManualClock();
  const settings = { blockSize: 65_535, window: 4 };
  const bytestreams = new InBandBytestreams(romeo, settings, undefined, clock);
  const transfers = new JingleFileTransfers(romeo, [ibbTransport(bytestreams)], clock);
  return { transfers, clock, script: new Script(juliet, ROMEO) };
}

const sizes = [0, 1, 4096, 8193, 50_000];

const recipients = [
  ['Dino', dinoTakes, 'success'],
  ['Conversations 2.12', conversations.conversationsTakes, 'success'],
  ['Conversations 2.13', conversations213.conversationsTakes, 'success'],
  ['Psi', psiTakes, 'verified'],
  ['Gajim 1.9', gajimTakes, 'success'],
] as const;

describe.each(recipients)('%s takes a file', (_name, takes, verdict) => {
  test.each(sizes)('of %s bytes', async (size) => {
    const { transfers, clock, script } = meeting();
    const bytes = pattern(size);
    const taken = takes(script);
    const [sent, got] = await Promise.all([
      send(transfers, sourceOf(bytes), { peer: JULIET }),
      taken,
    ]);
    expect(got).toEqual(bytes);
    const said = verdict === 'success' ? { unverified: true, success: true } : {};
    expect(withoutBlocks(sent)).toEqual({ size, sha256: sha256(bytes), ...said });
    await settled();
    expect(clock.sleepers).toBe(0);
  });
});

test.each(sizes)(
  'Dino acknowledges all of a file of %s bytes and keeps nothing: not done, and no success from us (R70)',
  async (size) => {
    const { transfers, clock, script } = meeting();
    const sent = send(transfers, sourceOf(pattern(size)), { peer: JULIET });
    sent.catch(() => undefined); // is told of below
    const lost = dinoLoses(script);
    for (let turn = 0; turn < 100 && clock.sleepers < 1; turn += 1) await settled();
    await clock.advance(90_000);
    await expect(sent).rejects.toThrow('did not say that it has kept the file');
    await lost;
    expect(clock.sleepers).toBe(0);
  },
);

const early = [
  ['success', `action='session-terminate'`, '<reason><success/></reason>'],
  ['success', `action='content-remove'`, '<reason><success/></reason>'],
  [
    'received',
    `action='session-info'`,
    "<received xmlns='urn:xmpp:jingle:apps:file-transfer:5' creator='initiator' name='file'/>",
  ],
] as const;

test.each(early)(
  'a recipient that says %s before all of it was sent has not confirmed the file, %s (R70)',
  async (_what, action, said) => {
    const { transfers, clock, script } = meeting();
    const all = pattern(500_000);
    const source = sourceOf(all, {
      read: async function* (offset) {
        yield all.subarray(offset);
      },
    });
    const sent = send(transfers, source, { peer: JULIET });
    const over = sent.then(
      () => undefined,
      () => undefined, // is told of below
    );
    const { sid, size } = await accepts(script);
    let bytes = bytesOf(await script.hears('data')).length;
    void script.says(`<jingle xmlns='urn:xmpp:jingle:1' ${action} sid='${sid}'>${said}</jingle>`);
    while (bytes < size) {
      // Where it hears of it in time, nothing more is sent.
      const block = await Promise.race([script.hearsAny(), over]);
      if (!block) break;
      if (block.name === 'data') bytes += bytesOf(block).length;
    }
    const more = acknowledgesAll(script);
    await clock.advance(90_000);
    await expect(sent).rejects.toThrow(
      /said before all of the file was sent|did not say that it has|cancel/,
    );
    void more;
  },
);

/** Whatever comes. */
async function acknowledgesAll(script: Script): Promise<void> {
  for (;;) await script.hearsAny();
}

test('Dino takes no file in messages, and is told that there will be none', async () => {
  const { transfers, clock, script } = meeting();
  const [sent, taken] = await Promise.allSettled([
    send(transfers, sourceOf(pattern(5)), { stanza: 'message' }),
    dinoTakes(script),
  ]);
  expect(sent).toMatchObject({ reason: { cause: { condition: 'feature-not-implemented' } } });
  expect(taken).toMatchObject({ reason: { message: 'only iq stanzas are supported' } });
  await settled();
  expect(clock.sleepers).toBe(0);
});

const senders = [
  ['Dino', dinoSends],
  ['Conversations 2.12', conversations.conversationsSends],
  ['Conversations 2.13', conversations213.conversationsSends],
  ['Psi', psiSends],
  ['Gajim 1.9', gajimSends],
] as const;

describe.each(senders)('%s sends a file', (_name, sends) => {
  test.each(sizes)('of %s bytes', async (size) => {
    const { transfers, clock, script } = meeting();
    const bytes = pattern(size);
    const { inbox, received } = receive(transfers);
    const over = sends(script, bytes);
    for (let turn = 0; turn < 100 && inbox.files.size === 0; turn += 1) await settled();
    // Those who leave the ending to us hear it when some seconds have passed.
    await clock.advance(3_000);
    await over;
    expect(await received).toMatchObject({ size, sha256: sha256(bytes) });
    expect(inbox.files.get('letter.txt')).toEqual(bytes);
    await settled();
    expect(clock.sleepers).toBe(0);
  });
});
