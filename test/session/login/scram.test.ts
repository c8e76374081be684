import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Scram } from '../../../src/session/login/scram.js';
import { ServerNotTrusted } from '../../../src/session/stream/connection-errors.js';
import { type Secret, verifyClient } from './scram-server.js';

// RFC 5802 §5
const SHA_1: Secret = {
  hash: 'sha1',
  password: 'pencil',
  salt: 'QSXCR+Q6sek8bf92',
  iterations: 4096,
};
// RFC 7677 §3
const SHA_256: Secret = {
  hash: 'sha256',
  password: 'pencil',
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  iterations: 4096,
};

/** No RFC has an example; another implementation agrees with ours in what logs in to ejabberd. */
const SHA_512: Secret = { ...SHA_256, hash: 'sha512' };

const SECRETS: [string, Secret][] = [
  ['SCRAM-SHA-1', SHA_1],
  ['SCRAM-SHA-256', SHA_256],
  ['SCRAM-SHA-512', SHA_512],
];

describe('the server of these tests', () => {
  test.each([
    [
      'RFC 5802',
      SHA_1,
      {
        clientFirst: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
        serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
        clientFinal:
          'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
      },
      'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
    ],
    [
      'RFC 7677',
      SHA_256,
      {
        clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
        serverFirst:
          'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
        clientFinal:
          'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      },
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    ],
  ])('agrees with the example of %s', (_rfc, secret, exchange, serverFinal) => {
    expect(verifyClient(secret, exchange)).toEqual({ proved: true, serverFinal });
    const { proved } = verifyClient({ ...secret, password: 'Pencil' }, exchange);
    expect(proved).toBe(false);
  });
});

/** A client that has spoken first, and what it said. */
async function begun({ hash, password }: Secret, username = 'user') {
  const client = new Scram(hash, { username, password });
  const clientFirst = await client.next();
  const nonce = /,r=(.*)$/.exec(clientFirst)?.[1] ?? '';
  return { client, clientFirst, nonce };
}

/** A login up to the point where the server has the proof. */
async function proved(secret: Secret, { password = secret.password, username = 'user' } = {}) {
  const { client, clientFirst, nonce } = await begun({ ...secret, password }, username);
  const serverFirst = `r=${nonce}3rfcNHYJY1ZVvWVs7j,s=${secret.salt},i=${secret.iterations}`;
  client.receive(serverFirst);
  const clientFinal = await client.next();
  const exchange = { clientFirst, serverFirst, clientFinal };
  return { client, nonce, exchange, ...verifyClient(secret, exchange) };
}

describe.each(SECRETS)('a login with %s', (_name, secret) => {
  test('proves that we know the password, and that the server does', async () => {
    const login = await proved(secret);
    expect(login.proved).toBe(true);
    expect(login.client.verified).toBe(false);
    login.client.receive(login.serverFinal);
    expect(login.client.verified).toBe(true);
    expect(await login.client.next()).toBe('');
  });

  test('proves nothing with another password, and trusts no server by it', async () => {
    const login = await proved(secret, { password: 'Pencil' });
    expect(login.proved).toBe(false);
    expect(() => login.client.receive(login.serverFinal)).toThrow(ServerNotTrusted);
    expect(login.client.verified).toBe(false);
  });

  test('does not show the password (R25)', async () => {
    const { exchange } = await proved(secret);
    expect(Object.values(exchange).join()).not.toContain(secret.password);
  });

  test('binds no channel, and says so again in the end', async () => {
    const { exchange, nonce } = await proved(secret);
    expect(exchange.clientFirst).toBe(`n,,n=user,r=${nonce}`);
    expect(exchange.clientFinal).toMatch(/^c=biws,r=[^,]+,p=[A-Za-z0-9+/]+=*$/);
    expect(exchange.clientFinal).toContain(`r=${nonce}3rfcNHYJY1ZVvWVs7j,`);
  });

  test('has a nonce of its own, of characters that may be in one', async () => {
    const nonces = await Promise.all(
      Array.from({ length: 50 }, async () => (await begun(secret)).nonce),
    );
    expect(new Set(nonces).size).toBe(50);
    for (const nonce of nonces) expect(nonce).toMatch(/^[!-+\--~]{24,}$/);
  });

  test.each([
    ['with the signature of another login', async () => (await proved(secret)).serverFinal],
    ['with no signature', async () => ''],
    ['with an empty signature', async () => 'v='],
    ['with an error', async () => 'e=invalid-proof'],
    [
      'with zeros',
      async () => `v=${Buffer.alloc(createHash(secret.hash).digest().length).toString('base64')}`,
    ],
  ])('trusts no server that ends %s', async (_how, final) => {
    const { client } = await proved(secret);
    const serverFinal = await final();
    expect(() => client.receive(serverFinal)).toThrow(ServerNotTrusted);
    expect(client.verified).toBe(false);
  });

  test('trusts no server whose signature is cut short or longer', async () => {
    for (const change of [
      (text: string) => text.slice(0, -5),
      (text: string) => text.replace('v=', 'v=AAAA'),
    ]) {
      const { client, serverFinal } = await proved(secret);
      expect(() => client.receive(change(serverFinal))).toThrow(ServerNotTrusted);
    }
  });

  test('trusts no server that ends before it has begun', async () => {
    const { client, nonce } = await begun(secret);
    client.receive(`r=${nonce}x,s=${secret.salt},i=4096`);
    expect(() => client.receive('v=AAAA')).toThrow(ServerNotTrusted);
    expect(() => client.receive('v=')).toThrow(ServerNotTrusted);
    expect(client.verified).toBe(false);
  });
});

describe('a server that begins', () => {
  const answerTo = async (serverFirst: (nonce: string) => string, secret = SHA_1) => {
    const { client, nonce } = await begun(secret);
    client.receive(serverFirst(nonce));
    return client.next();
  };

  const EXTENSION = 'the server demands an extension of SCRAM';
  const NONCE = 'the server answered a login that is not ours (SCRAM nonce)';
  const asks = (iterations: number) =>
    `the server asks for a SCRAM login with ${iterations} iterations; 4096 to 5000000 are safe`;

  test.each([
    ['demands an extension', (nonce: string) => `m=x,r=${nonce}x,s=,i=4096`, EXTENSION],
    ['has another nonce', () => `r=fyko,s=${SHA_1.salt},i=4096`, NONCE],
    ['asks for too few', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=4095`, asks(4095)],
    [
      'asks for too many',
      (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=5000001`,
      asks(5000001),
    ],
  ])('and %s is told of as it is', async (_how, serverFirst, text) => {
    await expect(answerTo(serverFirst)).rejects.toThrow(text);
  });

  test.each([
    ['with another nonce', () => `r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=${SHA_1.salt},i=4096`],
    ['with our nonce alone', (nonce: string) => `r=${nonce},s=${SHA_1.salt},i=4096`],
    ['with our nonce behind its own', (nonce: string) => `r=3rfc${nonce},s=${SHA_1.salt},i=4096`],
    ['with no nonce', () => `s=${SHA_1.salt},i=4096`],
    ['with no salt', (nonce: string) => `r=${nonce}x,i=4096`],
    ['with an empty salt', (nonce: string) => `r=${nonce}x,s=,i=4096`],
    ['with no number of iterations', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt}`],
    ['with few iterations', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=4095`],
    ['with one iteration', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=1`],
    ['with negative iterations', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=-4096`],
    ['with iterations for hours', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=5000001`],
    ['with iterations for ever', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=Infinity`],
    ['with half an iteration', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=4096.5`],
    ['with words for iterations', (nonce: string) => `r=${nonce}x,s=${SHA_1.salt},i=many`],
    ['with an error', () => 'e=unknown-user'],
    // RFC 5802 §5.1: a client that does not know the extension must not go on.
    [
      'with an extension that it demands',
      (nonce: string) => `m=x,r=${nonce}x,s=${SHA_1.salt},i=4096`,
    ],
  ])('%s is not trusted, and gets no proof', async (_how, serverFirst) => {
    await expect(answerTo(serverFirst)).rejects.toThrow(ServerNotTrusted);
  });

  test.each([4096, 10_000])('with %i iterations gets a proof', async (iterations) => {
    expect((await proved({ ...SHA_256, iterations })).proved).toBe(true);
  });

  test('with extensions behind the rest gets a proof', async () => {
    const answer = await answerTo((nonce) => `r=${nonce}x,s=${SHA_1.salt},i=4096,x=y`);
    expect(answer).toMatch(/^c=biws,/);
  });
});

describe('a name and a password', () => {
  // RFC 5802 §5.1
  test.each([
    ['user', 'user'],
    ['a=b,c', 'a=3Db=2Cc'],
    ['=2C', '=3D2C'],
    ['r,r=x', 'r=2Cr=3Dx'],
  ])('%j is written %j', async (username, written) => {
    const { clientFirst, nonce } = await begun(SHA_1, username);
    expect(clientFirst).toBe(`n,,n=${written},r=${nonce}`);
  });

  test('with a comma log in', async () => {
    expect((await proved(SHA_1, { username: 'a=b,c' })).proved).toBe(true);
  });

  // RFC 4013 §3, and §2.1
  test.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['pen\u00a0cil', 'pen cil'],
    ['pen\u2003cil', 'pen cil'],
    ['pen\u200bcil', 'pencil'],
    ['e\u0301', '\u00e9'],
  ])('%j are the same as %j (SASLprep)', async (typed, prepared) => {
    const login = await proved(
      { ...SHA_1, password: prepared },
      { password: typed, username: typed },
    );
    expect(login.proved).toBe(true);
    expect(login.exchange.clientFirst).toContain(`n=${prepared},`);
  });

  test.each(['Pencil', 'pencil ', ' pencil'])('%j are not prepared away', async (password) => {
    expect((await proved(SHA_1, { password })).proved).toBe(false);
  });
});
