import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { CipherState } from '../../../src/protocol/noise/cipher-state.js';
import { generateKeyPair } from '../../../src/protocol/noise/dh25519.js';
import { HandshakeState } from '../../../src/protocol/noise/handshake-state.js';
import { type Running, start } from '../../support/programs/process.js';
import { HAS_PEERS } from '../../support/servers/server.js';

const PEER = fileURLToPath(new URL('../../peers/noise_peer.py', import.meta.url));
const NOTHING = Buffer.alloc(0);
const PROLOGUE = Buffer.from('a\0prologue');

type What = 'key' | 'payload' | 'message';

const startPeer = (...args: string[]): Running => start('/usr/bin/python3', [PEER, ...args]);

const hear = (peer: Running, bytes: Uint8Array) =>
  peer.child.stdin?.write(`${Buffer.from(bytes).toString('hex')}\n`);

async function said(peer: Running, what: What, number: number): Promise<Buffer> {
  const [, hex = ''] = await peer.line(new RegExp(`^${what} ${number} (.*)`));
  return Buffer.from(hex, 'hex');
}

/** Sends three messages that the peer opens, and opens its answers, each of which says the same backwards. */
async function talk(peer: Running, sealing: CipherState, opening: CipherState): Promise<void> {
  for (const [at, text] of ['one', '', 'three'].entries()) {
    hear(peer, sealing.encryptWithAd(NOTHING, Buffer.from(text)));
    expect((await said(peer, 'payload', at + 2)).toString()).toBe(text);
    const answer = opening.decryptWithAd(NOTHING, await said(peer, 'message', at + 2));
    expect(answer.reverse().toString()).toBe(text);
  }
  peer.child.stdin?.end();
  expect(await peer.exited).toEqual({ code: 0, signal: null });
}

(HAS_PEERS ? describe : describe.skip)('with dissononce', () => {
  test('as the responder, a handshake succeeds and messages go both ways (R240)', async () => {
    const s = generateKeyPair();
    const peer = startPeer('initiator', PROLOGUE.toString('hex'), s.publicKey.toString('hex'));
    const responder = new HandshakeState('responder', { prologue: PROLOGUE, s });
    const payload = responder.readMessage(await said(peer, 'message', 1));
    expect(payload.toString()).toBe('from the initiator');
    expect(responder.remoteStatic).toEqual(Uint8Array.from(await said(peer, 'key', 1)));
    hear(peer, responder.writeMessage(Buffer.from('from us')));
    expect((await said(peer, 'payload', 1)).toString()).toBe('from us');
    const [initiators, responders] = responder.split();
    await talk(peer, responders, initiators);
  });

  test('as the initiator, a handshake succeeds and messages go both ways (R240)', async () => {
    const peer = startPeer('responder', PROLOGUE.toString('hex'));
    const [s, rs] = [generateKeyPair(), await said(peer, 'key', 1)];
    const initiator = new HandshakeState('initiator', { prologue: PROLOGUE, s, rs });
    hear(peer, initiator.writeMessage(Buffer.from('from us')));
    expect((await said(peer, 'payload', 1)).toString()).toBe('from us');
    const payload = initiator.readMessage(await said(peer, 'message', 1));
    expect(payload.toString()).toBe('from the responder');
    const [initiators, responders] = initiator.split();
    await talk(peer, initiators, responders);
  });
});
