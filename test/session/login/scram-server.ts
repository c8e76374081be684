import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

export interface Secret {
  hash: 'sha1' | 'sha256' | 'sha512';
  password: string;
  /** Base64. */
  salt: string;
  iterations: number;
}

/** What both messages of a login say beside the proofs (RFC 5802 §3, AuthMessage). */
interface Exchange {
  clientFirst: string;
  serverFirst: string;
  clientFinal: string;
}

/** The server's side of a login: checks the client's proof, and signs. */
export function verifyClient(
  { hash, password, salt, iterations }: Secret,
  { clientFirst, serverFirst, clientFinal }: Exchange,
): { proved: boolean; serverFinal: string } {
  const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
  const digest = (bytes: Buffer) => createHash(hash).update(bytes).digest();
  const length = createHash(hash).digest().length;
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, length, hash);
  const storedKey = digest(hmac(salted, 'Client Key'));
  const [withoutProof = '', proof = ''] = clientFinal.split(/,p=/);
  const bare = clientFirst.replace(/^[^,]*,[^,]*,/, '');
  const message = `${bare},${serverFirst},${withoutProof}`;
  const signature = hmac(storedKey, message);
  const sent = Buffer.from(proof, 'base64');
  const clientKey = Buffer.from(signature.map((byte, index) => byte ^ (sent[index] ?? 0)));
  return {
    proved: sent.length === signature.length && timingSafeEqual(digest(clientKey), storedKey),
    serverFinal: `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`,
  };
}
