import { expect, test } from '@jest/globals';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { orLink } from '../../../src/transfer/finding/or-link.js';
import { RecipientRefused, RecipientUnreachable } from '../../../src/transfer/recipient-errors.js';
import { JULIET, linkedSessions } from '../../support/linked-sessions.js';

/** Who may be offered a file where nobody is found, for this reason; and what is noted. */
async function afterFailing(error: Error) {
  const notes: string[] = [];
  // biome-ignore lint/correctness/useYield: nobody is found
  const found = async function* () {
    throw error;
  };
  const [session] = linkedSessions();
  const peers: string[] = [];
  const all = orLink(session, JULIET, found(), (text) => notes.push(text));
  for await (const recipient of all) {
    peers.push(recipient.peer);
    expect(recipient.isLast).toBe(true);
  }
  return { peers, notes };
}

test('a file for one who is not there is left, and why is noted', async () => {
  expect(await afterFailing(new RecipientUnreachable('nobody is there'))).toEqual({
    peers: ['juliet@capulet.example'],
    notes: ['nobody is there; leaving the file with a link'],
  });
});

test('one who has said no gets no link', async () => {
  await expect(afterFailing(new RecipientRefused('no'))).rejects.toThrow('no');
});

test('nothing is left for one whose server cannot be reached, which may be a slip (R1171)', async () => {
  const cause = new StanzaError('cancel', 'remote-server-not-found');
  const error = new RecipientUnreachable('your server cannot reach capulet.exmaple', { cause });
  await expect(afterFailing(error)).rejects.toBe(error);
  const away = new StanzaError('cancel', 'service-unavailable');
  const { peers } = await afterFailing(new RecipientUnreachable('nobody', { cause: away }));
  expect(peers).toHaveLength(1);
});

test('where nobody is to be looked for, nobody is said to be away (R1341)', async () => {
  const [session] = linkedSessions();
  const all = orLink(session, JULIET, undefined, () => undefined);
  expect((await all.next()).value).not.toHaveProperty('isLast');
});
