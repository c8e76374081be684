import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLine, logIn, rememberPassword } from '../../../src/commands/account/account.js';
import type { Context } from '../../../src/commands/context.js';
import type { ConnectOptions } from '../../../src/session/connect.js';
import { ResourceConflict } from '../../../src/session/connection.js';
import { ConnectionLost, type StanzaSession } from '../../../src/session/stanza-session.js';
import type { Reporter } from '../../../src/ui/report.js';
import { createCertificateAuthority } from '../../support/certificates.js';
import { linkedSessions, ROMEO } from '../../support/linked-sessions.js';

const reporter = {
  report: () => undefined,
  note: () => undefined,
  warn: () => undefined,
  connecting: <T>(_text: string, work: () => Promise<T>) => work(),
} as unknown as Reporter;

/** A line, and the sessions that it has begun. */
function line() {
  const begun: StanzaSession[] = [];
  const context = {
    env: { INBAND_PASSWORD: 'secret' },
    connect: async () => {
      const [session] = linkedSessions();
      begun.push(session);
      return session;
    },
  } as unknown as Context;
  return { begun, ...createLine({ account: ROMEO }, context, reporter, {}) };
}

test('there is another session where the connection was lost', async () => {
  const { begun, session } = line();
  await session();
  begun[0]?.end(new ConnectionLost('cut'));
  expect(await session()).toBe(begun[1]);
});

test('there is no other session where somebody else has taken the resource', async () => {
  const { begun, session } = line();
  await session();
  begun[0]?.end(new ResourceConflict('taken'));
  await expect(session()).rejects.toThrow(ResourceConflict);
  expect(begun).toHaveLength(1);
});

test.each([
  ['romeo@montague.example', 'inband', true],
  ['romeo@montague.example/inband', undefined, true],
  ['romeo@montague.example', undefined, false],
  ['romeo@montague.example/orchard', 'inband', false],
])(
  'of %s with the default resource %s, who is called otherwise is told: %s (R79)',
  async (account, resource, isTold) => {
    const warnings: string[] = [];
    const [session] = linkedSessions(); // .../orchard
    const context = { env: { INBAND_PASSWORD: 'secret' }, connect: async () => session };
    const told = {
      ...reporter,
      note: () => undefined,
      warn: (text: string) => warnings.push(text),
    };
    await logIn(
      { account },
      context as unknown as Context,
      told as unknown as Reporter,
      resource === undefined ? {} : { resource },
    );
    expect(warnings).toEqual(
      isTold ? [expect.stringContaining(`"orchard" and not "inband"; who looks for that`)] : [],
    );
  },
);

describe('what a login is made with', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-account-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is another password when its file has another one (R86)', async () => {
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, 'old', { mode: 0o600 });
    const context = { env: {}, signal: new AbortController().signal } as unknown as Context;
    const known = await rememberPassword({ account: ROMEO, passwordFile }, context);
    expect(await known.renew()).toBe(false);
    await writeFile(passwordFile, 'new');
    expect(await known.renew()).toBe(true);
    expect(known.context.env.INBAND_PASSWORD).toBe('new');
    await rm(passwordFile);
    expect(await known.renew()).toBe(false);
    expect(known.context.env.INBAND_PASSWORD).toBe('new');
  });

  test('is the CA that its file has at each login, or had, where it is gone', async () => {
    const authority = await createCertificateAuthority(folder);
    const tlsCa = join(folder, 'copy.pem');
    await writeFile(tlsCa, authority.pem);
    const cas: (string | undefined)[] = [];
    const context = {
      ...{ env: { INBAND_PASSWORD: 'secret' }, signal: new AbortController().signal },
      connect: async ({ ca }: ConnectOptions) => {
        cas.push(ca);
        return linkedSessions()[0];
      },
    } as unknown as Context;
    const known = await rememberPassword({ account: ROMEO, tlsCa }, context);
    const logInAgain = () => logIn(known.flags, known.context, reporter);
    await logInAgain();
    const other = await createCertificateAuthority(await mkdtemp(join(folder, 'other-')));
    await writeFile(tlsCa, other.pem);
    await logInAgain();
    await rm(tlsCa);
    await logInAgain();
    expect(cas).toEqual([authority.pem.trim(), other.pem.trim(), other.pem.trim()]);
  });
});
