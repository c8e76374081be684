import { generateKeyPair, type KeyPair, keyPairFrom } from '../../src/protocol/noise/dh25519.js';
import type { SealingOptions } from '../../src/transfer/keys/sealing.js';
import type { TrustedKey, TrustStore } from '../../src/transfer/keys/trusted-keys.js';
import type { ReceivingSealing } from '../../src/transfer/receiving/daemon.js';

/** Whose keys are trusted, in memory. */
export function memoryTrust(): TrustStore & { of: Map<string, readonly TrustedKey[]> } {
  const of = new Map<string, readonly TrustedKey[]>();
  return {
    of,
    list: async () => [...of].map(([jid, keys]) => ({ jid, keys })),
    read: async (jid) => of.get(jid) ?? [],
    change: async (jid, change) => {
      const keys = change(of.get(jid) ?? []);
      of.set(jid, keys);
      return keys;
    },
  };
}

/** Different keys for different numbers, and the same ones each time. */
export const keyOfNumber = (number: number): KeyPair => keyPairFrom(Buffer.alloc(32, number));

/** A sender, by default one who encrypts nothing. */
export const sendingBy = (options: Partial<SealingOptions> = {}): SealingOptions => ({
  ...{ encrypt: 'off', trust: 'first', mayDeflate: true, trusted: memoryTrust() },
  account: 'romeo@montague.example',
  own: async () => generateKeyPair(),
  now: () => new Date(0),
  ...options,
});

/** A recipient, by default one who opens nothing that is encrypted. */
export const receivingBy = (options: Partial<ReceivingSealing> = {}): ReceivingSealing => ({
  ...{ encrypt: 'off', trust: 'first', trusted: memoryTrust(), own: undefined },
  account: 'juliet@capulet.example',
  ...options,
});

/** All that somebody has read who has recorded stanzas, with what is in base64 there. */
export function readIn(record: string): Buffer {
  const decoded = [...record.matchAll(/>([A-Za-z0-9+/]{16,}={0,2})</g)].map(([, one = '']) =>
    Buffer.from(one, 'base64'),
  );
  return Buffer.concat([Buffer.from(record, 'latin1'), ...decoded]);
}

/** Each sender was named by the user. */
export const standingOf = () => 'named' as const;

export const relationOf = () => 'known' as const;
