import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateAuthority } from './certificates.js';

export interface Account {
  /** Bare JID. */
  jid: string;
  password: string;
}

/** A real XMPP server of one test file's own, on loopback. */
export interface TestServer {
  /** `localhost`, unless it talks to other servers. */
  readonly domain: string;
  /** STARTTLS, which is required. */
  readonly port: number;
  /** `xmpp://127.0.0.1:port` */
  readonly service: string;
  /** `xmpps://127.0.0.1:port`, another port */
  readonly directTlsService: string;
  /** `wss://127.0.0.1:port/…`, where WebSockets are, if there are any. */
  readonly webSocketService: string;
  /** Where uploads go, if there are any. */
  readonly httpsPort: number;
  /** Where its proxy for SOCKS5 bytestreams listens, if it has one. */
  readonly proxyPort: number;
  /** The CA of the server's certificate. */
  readonly caPath: string;
  readonly ca: string;
  /** An account that was added; `alice` and `bob` are there from the start. */
  account(name: string): Account;
  addAccount(name: string, password?: string): Promise<Account>;
  /** Makes two accounts mutual contacts; to be called before either is online or written to. */
  subscribe(a: string, b: string): Promise<void>;
  log(): string;
  /** Kills the server and removes its files. */
  stop(): Promise<void>;
}

/** What a server takes of uploads, by default what it is shipped with, and where. */
export interface UploadLimits {
  /** Bytes of a file. */
  maxSize?: number;
  /** Bytes of one account in a day; Prosody alone. */
  dailyQuota?: number;
  /** The port that addresses name; default: the server's own. */
  publicPort?: number;
  /** The host that addresses name, as URLs have it; default: the domain. */
  publicHost?: string;
}

/** What a test server's options have in common. */
export interface ServerOptions {
  /** XEP-0198; default true. */
  streamManagement?: boolean;
  /** Offers SASL PLAIN alone; default false. */
  plainOnly?: boolean;
  /** Has a proxy for SOCKS5 bytestreams (XEP-0065), `proxy.` before its domain; default false. */
  proxy?: boolean;
  /** Takes uploads (XEP-0363), over HTTPS with the certificate of the domain; default: none. */
  uploads?: UploadLimits;
  /** Takes WebSockets (RFC 7395) at the port of uploads, with the certificate of the domain; default false. */
  webSocket?: boolean;
  /** The host at which its host-meta (XEP-0156) says that they are; default: there is no host-meta. */
  hostMeta?: string;
  /** Where both are; default: a free port. */
  httpsPort?: number;
  /** Keeps the messages of each account (XEP-0313); default false. */
  archive?: boolean;
  /** The address that it listens at, for which its certificate is then good, too; default: `127.0.0.1`. */
  host?: string;
  /** More lines for the global part of the server's configuration, in its own language. */
  config?: string;
}

/** The part of a test server that differs from one program to the other. */
export interface ServerProgram {
  /** Default `localhost`. */
  domain?: string;
  /** Default `127.0.0.1`. */
  host?: string | undefined;
  webSocketPath: string;
  register(name: string, password: string): Promise<void>;
  subscribe(a: string, b: string): Promise<void>;
  log(): string;
  stop(): Promise<void>;
}

export type Ports = Record<'startTls' | 'directTls' | 'api' | 'proxy' | 'https', number>;

/** Thrown by a launcher when another process was quicker; `onFreePorts` then tries others. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/**
 * Whether `npm test` has put ejabberd and the Python peers in place; elsewhere it does not, and their
 * suites are to be skipped. In CI they have to be there.
 */
export const HAS_PEERS = existsSync('/etc/debian_version') || process.env.CI !== undefined;

export const DOMAIN = 'localhost';
export const HOST = '127.0.0.1';
/** A host as URLs have it. */
export const inUri = (host: string): string => (host.includes(':') ? `[${host}]` : host);
const PORT_ATTEMPTS = 5;

export async function createTestServer(
  ports: Ports,
  ca: CertificateAuthority,
  program: ServerProgram,
): Promise<TestServer> {
  const accounts = new Map<string, Account>();
  const { domain = DOMAIN, host = HOST } = program;
  const server: TestServer = {
    domain,
    port: ports.startTls,
    service: `xmpp://${inUri(host)}:${ports.startTls}`,
    directTlsService: `xmpps://${inUri(host)}:${ports.directTls}`,
    webSocketService: `wss://${inUri(host)}:${ports.https}${program.webSocketPath}`,
    httpsPort: ports.https,
    proxyPort: ports.proxy,
    caPath: ca.certPath,
    ca: ca.pem,
    account: (name) => {
      const account = accounts.get(name);
      if (!account) throw new Error(`no account ${name}; call addAccount first`);
      return account;
    },
    addAccount: async (name, password = `${name}'s secret`) => {
      await program.register(name, password);
      const account = { jid: `${name}@${domain}`, password };
      accounts.set(name, account);
      return account;
    },
    subscribe: program.subscribe,
    log: program.log,
    stop: program.stop,
  };
  await server.addAccount('alice');
  await server.addAccount('bob');
  return server;
}

/** Calls `launch` with ports that were free a moment ago, again while it throws `PortTaken`. */
export async function onFreePorts<Result>(
  launch: (ports: Ports) => Promise<Result>,
  { host = HOST, httpsPort }: Pick<ServerOptions, 'host' | 'httpsPort'> = {},
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      const ports = await freePorts(host);
      return await launch({ ...ports, https: httpsPort ?? ports.https });
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function freePorts(host: string): Promise<Ports> {
  const listeners = Array.from({ length: 5 }, () => createServer());
  const listening = listeners.map(
    (listener) =>
      new Promise<number>((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(0, host, () => resolve((listener.address() as AddressInfo).port));
      }),
  );
  const [startTls = 0, directTls = 0, api = 0, proxy = 0, https = 0] = await Promise.all(listening);
  await Promise.all(listeners.map((listener) => new Promise((done) => listener.close(done))));
  return { startTls, directTls, api, proxy, https };
}

/** Gives `use` a folder of its own under the system's temporary one; removes it again if `use` fails. */
export async function inNewDirectory<Result>(
  program: string,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), `inband-${program}-`));
  try {
    return await use(directory);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}
