import { expect, test } from '@jest/globals';
import { ResourceConflict } from '../../src/session/connection/resource-conflict.js';
import { ConnectionLost, type StanzaSession } from '../../src/session/stanza-session.js';
import { type ConnectAs, keepSession } from '../../src/transfer/connect.js';
import { linkedSessions } from '../support/linked-sessions.js';

/** A session that is kept, and those that were begun for it. */
function kept() {
  const begun: StanzaSession[] = [];
  const connect = async () => {
    const [session] = linkedSessions();
    begun.push(session);
    return session;
  };
  return { begun, ...keepSession(connect, () => undefined, {}) };
}

test('there is another session where the connection was lost', async () => {
  const { begun, session } = kept();
  await session();
  begun[0]?.end(new ConnectionLost('cut'));
  expect(await session()).toBe(begun[1]);
});

test('there is no other session where somebody else has taken the resource', async () => {
  const { begun, session } = kept();
  await session();
  begun[0]?.end(new ResourceConflict('taken'));
  await expect(session()).rejects.toThrow(ResourceConflict);
  expect(begun).toHaveLength(1);
});

test('nobody goes online any more once it is closed (R432)', async () => {
  let signal: AbortSignal | undefined;
  const connect = (as: ConnectAs = {}) => {
    signal = as.signal;
    return new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal?.reason));
    });
  };
  const { session, close } = keepSession(connect, () => undefined, {});
  const coming = session();
  await close();
  await expect(coming).rejects.toThrow('aborted');
});
