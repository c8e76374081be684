import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openAccount } from '../../../src/commands/account/account.js';
import type { Context } from '../../../src/commands/context.js';
import type { ConnectOptions } from '../../../src/session/given/connect-options.js';
import { UnsendableStanza } from '../../../src/session/stream/serialize.js';
import type { Report } from '../../../src/transfer/events.js';
import { linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { createCertificateAuthority } from '../../support/servers/certificates.js';

const silent: Report = () => undefined;

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
    const context = {
      ...{ env: { INBAND_PASSWORD: 'secret' }, signal: new AbortController().signal },
      connect: async () => session,
    };
    const report: Report = (event) => {
      if (event.event === 'warning' || event.event === 'notice') warnings.push(event.text);
    };
    const { connect } = openAccount({ account }, context as unknown as Context, report);
    await connect(resource === undefined ? {} : { resource });
    expect(warnings).toEqual(
      isTold
        ? [
            `the server gave us the resource "orchard" in place of "inband"; others reach us as ${ROMEO}`,
          ]
        : [],
    );
  },
);

test('a note says of an answer that is too large why there is none, without a stack', async () => {
  const notes: string[] = [];
  const context = {
    ...{ env: { INBAND_PASSWORD: 'secret' }, signal: new AbortController().signal },
    connect: async ({ onUnsendable, onPadded, onError }: ConnectOptions) => {
      onPadded?.(7);
      onError?.(new Error('odd'));
      onUnsendable?.('juliet@capulet.example/x', new UnsendableStanza('it is too large'));
      return linkedSessions()[0];
    },
  };
  const report: Report = (event) => {
    if (event.event === 'note' || event.event === 'pending') notes.push(event.text);
  };
  const { connect } = openAccount({ account: ROMEO }, context as unknown as Context, report);
  await connect();
  expect(notes).toContain('no answer to juliet@capulet.example/x: it is too large');
  expect(notes).toContainEqual(expect.stringMatching(/^internal error: Error: odd\n/));
  expect(notes).toContain(`connecting as ${ROMEO}`);
  expect(notes).toContain('7 bytes of white space were sent to speed it up');
});

test('a WebSocket that was tried last is told of once, as long as it stays the way (R1132)', async () => {
  const told: string[] = [];
  const hosts = ['web.example', 'web.example', undefined, 'other.example', 'other.example'];
  const context = {
    ...{ env: { INBAND_PASSWORD: 'secret' }, signal: new AbortController().signal },
    connect: async ({ onLogin }: ConnectOptions) => {
      for (const host of hosts) {
        const isFallback = host !== undefined;
        const how = { tls: 'TLSv1.3', mechanism: 'PLAIN', isWebSocket: isFallback, isFallback };
        onLogin?.({ host: host ?? 'xmpp.example', port: 443, ...how });
      }
      return linkedSessions()[0];
    },
  };
  const report: Report = (event) => {
    if (event.event === 'notice') told.push(event.text);
  };
  const heard: string[] = [];
  const { connect } = openAccount({ account: ROMEO }, context as unknown as Context, report);
  await connect({ onLogin: ({ host }) => void heard.push(host) });
  expect(told).toEqual([
    "connected by WebSocket to web.example port 443, which the domain's host-meta names, as nothing else got through",
    "connected by WebSocket to other.example port 443, which the domain's host-meta names, as nothing else got through",
  ]);
  expect(heard).toEqual(hosts.map((host) => host ?? 'xmpp.example'));
});

describe('what a login is made with', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-account-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is another password when its file has another one (R86)', async () => {
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, 'old', { mode: 0o600 });
    const passwords: string[] = [];
    const context = {
      ...{ env: {}, signal: new AbortController().signal },
      connect: async ({ password }: ConnectOptions) => {
        passwords.push(password);
        return linkedSessions()[0];
      },
    } as unknown as Context;
    const { connect, renew } = openAccount({ account: ROMEO, passwordFile }, context, silent);
    await connect();
    expect(await renew()).toBe(false);
    await writeFile(passwordFile, 'new');
    // Nobody looks before there is need to.
    await connect();
    expect(await renew()).toBe(true);
    await rm(passwordFile);
    expect(await renew()).toBe(false);
    await connect();
    expect(passwords).toEqual(['old', 'old', 'new']);
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
    const { connect } = openAccount({ account: ROMEO, tlsCa }, context, silent);
    await connect();
    const other = await createCertificateAuthority(await mkdtemp(join(folder, 'other-')));
    await writeFile(tlsCa, other.pem);
    await connect();
    await rm(tlsCa);
    await connect();
    expect(cas).toEqual([authority.pem.trim(), other.pem.trim(), other.pem.trim()]);
  });
});
