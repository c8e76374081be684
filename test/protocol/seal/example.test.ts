import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { keyPairFrom } from '../../../src/protocol/noise/dh25519.js';
import { HandshakeState } from '../../../src/protocol/noise/handshake-state.js';
import { NS_SEAL, openOffer } from '../../../src/protocol/seal/handshake.js';
import { OpenedFile } from '../../../src/protocol/seal/opened-file.js';
import { pad } from '../../../src/protocol/seal/padding.js';
import { formatKey } from '../../../src/protocol/seal/public-key.js';
import { SealedFile } from '../../../src/protocol/seal/sealed-file.js';
import { Verdicts } from '../../../src/protocol/seal/verdicts.js';
import { JULIET, ROMEO } from '../../support/linked-sessions.js';

const DOCUMENT = fileURLToPath(new URL('../../../docs/seal.md', import.meta.url));

/** As docs/seal.md has it: lines of a name and of hexadecimal, which goes on in lines that begin with spaces. */
function readExample(): Record<string, string> {
  const [, block = ''] =
    /\n## Example\n.*?```\n(.*?)```/s.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  const lines = block.replace(/\n +/g, '').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(': ')));
}

/** The same, made anew: `HandshakeState` alone takes given ephemeral keys. */
function makeExample(): Record<string, string> {
  const [romeo, juliet, e1, e2] = [1, 2, 3, 4].map((byte) => keyPairFrom(Buffer.alloc(32, byte)));
  if (!romeo || !juliet || !e1 || !e2) throw new Error('four keys');
  const prologue = Buffer.from([NS_SEAL, ROMEO, JULIET, 's1'].join('\0'));
  const offer = { prologue, s: romeo, rs: juliet.publicKey, e: e1 };
  const initiator = new HandshakeState('initiator', offer);
  const responder = new HandshakeState('responder', { prologue, s: juliet, e: e2 });
  const message1 = initiator.writeMessage(pad('<description/>', 256));
  responder.readMessage(message1);
  const message2 = responder.writeMessage(pad('<range/>', 256));
  initiator.readMessage(message2);
  const [[key], [, verdictKey]] = [initiator.split(), responder.split()];
  const file = new SealedFile(key, { hasChecksum: false });
  const sha256 = createHash('sha256').update('hello').digest();
  const hex = (...parts: Buffer[]) => Buffer.concat(parts).toString('hex');
  return {
    "Juliet's key, as people see it": formatKey(juliet.publicKey),
    'message 1': hex(message1),
    'message 2': hex(message2),
    channel: hex(file.seal(Buffer.from('hello')), file.end()),
    verdict: hex(new Verdicts(verdictKey).seal({ said: 'received', sha256 })),
  };
}

test('the example of docs/seal.md is what is made, and opens (R254)', () => {
  const example = readExample();
  expect(example).toEqual(makeExample());

  const bytes = (name: string) => Buffer.from(example[name] ?? '', 'hex');
  const parties = { initiator: ROMEO, responder: JULIET, sid: 's1' };
  const opened = openOffer(parties, keyPairFrom(Buffer.alloc(32, 2)), bytes('message 1'));
  expect(opened.payload).toBe('<description/>');
  expect(opened.answer('<range/>').message).toHaveLength(bytes('message 2').length);
});

test('the bytes of the example are a file', () => {
  const prologue = Buffer.from([NS_SEAL, ROMEO, JULIET, 's1'].join('\0'));
  const [juliet, e] = [keyPairFrom(Buffer.alloc(32, 2)), keyPairFrom(Buffer.alloc(32, 4))];
  const responder = new HandshakeState('responder', { prologue, s: juliet, e });
  const example = readExample();
  responder.readMessage(Buffer.from(example['message 1'] ?? '', 'hex'));
  responder.writeMessage(pad('<range/>', 256));
  const file = new OpenedFile(responder.split()[0], false);
  file.take(Buffer.from(example.channel ?? '', 'hex'));
  expect([file.next()?.toString(), file.isWhole]).toEqual(['hello', true]);
});
