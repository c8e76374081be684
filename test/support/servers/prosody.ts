import { randomInt } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Running, start } from '../programs/process.js';
import { createCertificateAuthority } from './certificates.js';
import {
  createTestServer,
  DOMAIN,
  HOST,
  inNewDirectory,
  onFreePorts,
  type Ports,
  PortTaken,
  type ServerOptions,
  type TestServer,
  type UploadLimits,
} from './server.js';

const SCRAM = ['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'];

export interface ProsodyOptions extends ServerOptions {
  /** What each client may send a second, such as `10kb/s` (what Debian ships); default: no limit. */
  rateLimit?: string;
  /**
   * `internal_hashed` (default, as shipped) offers SCRAM-SHA-1 and PLAIN, or SCRAM-SHA-256 and PLAIN
   * with `password_hash = "SHA-256"` in `config`; `internal_plain` offers all three.
   */
  authentication?: 'internal_hashed' | 'internal_plain';
  /** Seconds that a session is kept after its connection was cut (XEP-0198); default 600, as shipped. */
  hibernationTime?: number;
  /** The name that the certificate is for; default: the domain. */
  certificateName?: string;
  /**
   * Talks to other such servers (RFC 6120, XEP-0220). Its domain is a loopback address of its own: an address needs no
   * DNS, and the port of s2s is always 5269.
   */
  federated?: boolean;
  /** Where the proxy says that it is; default: where it is, on the same port. */
  proxyAddress?: string;
  /** A module of the test's own, in Lua: what a server may do that is not as it should be. */
  module?: string;
}

export interface Prosody extends TestServer {
  /** Gives an account so many contacts more, `contact1` and so on, each in a group; to be called as `subscribe`. */
  addContacts(user: string, count: number): Promise<void>;
  /** Ends the process, by SIGTERM if not told else, and starts it again: same ports, same data. */
  restart(signal?: NodeJS.Signals): Promise<void>;
}

/** What each client may send a second, as Debian ships it; `rateLimit`. */
export const SHIPPED_RATE = '10kb/s';

/** Prosody 0.12 leaves a host-meta (XEP-0156) to a web server, or a module from elsewhere. */
const HOST_META = `
module:depends("http")
module:provides("http", {
  default_path = "/.well-known",
  route = {
    ["GET /host-meta"] = function(event)
      event.response.headers.content_type = "application/xrd+xml"
      return "<?xml version='1.0' encoding='utf-8'?>\\n"
        .. "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>"
        .. "<Link rel='urn:xmpp:alt-connections:websocket' href='"
        .. module:get_option_string("host_meta") .. "'/></XRD>\\n"
    end,
  },
})
`;

/** What the module of a test is called. */
const OWN_MODULE = 'own';

/** Starts Prosody, much as it is shipped but for the rate limit; resolves when it takes connections. */
export function startProsody(options: ProsodyOptions = {}): Promise<Prosody> {
  return inNewDirectory('prosody', (directory) => startIn(directory, options));
}

async function startIn(directory: string, options: ProsodyOptions): Promise<Prosody> {
  const ca = await createCertificateAuthority(directory);
  const domain = options.federated ? loopbackAddress() : DOMAIN;
  const certificate = await ca.issue(
    options.certificateName ?? domain,
    ...(options.host ? [options.host] : []),
  );
  const configPath = join(directory, 'prosody.cfg.lua');
  const hasHttps = !!options.uploads || !!options.webSocket;
  await writeFile(join(directory, 'mod_host_meta.lua'), HOST_META);
  if (options.module) await writeFile(join(directory, `mod_${OWN_MODULE}.lua`), options.module);

  let { ports, running } = await onFreePorts(async (ports) => {
    const lines = [
      ...ownPlace(directory, ports, options),
      `certificates = ${lua(directory)}`,
      `ssl = { certificate = ${lua(certificate.certPath)}, key = ${lua(certificate.keyPath)} }`,
      `plugin_paths = { ${lua(directory)} }`,
      ...behaviour(options),
      ...(options.federated ? federation(domain) : ALONE),
      ...(hasHttps ? atHttps(ports, domain, options) : []),
      `VirtualHost ${lua(domain)}`,
      ...(options.proxy ? proxy65(domain, options) : []),
      ...(options.uploads ? uploading(options.uploads, domain, ports) : []),
    ];
    await writeFile(configPath, lines.join('\n'));
    return { ports, running: await launch(configPath, hasHttps) };
  }, options);
  const { addContacts, ...stored } = storage(join(directory, fileName(domain)), domain);
  const server = await createTestServer(ports, ca, {
    ...{ domain, host: options.host, ...stored, webSocketPath: '/xmpp-websocket' },
    log: () => running.stdout(),
    stop: async () => {
      await running.stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  });
  const restart = async (signal?: NodeJS.Signals) => {
    await running.stop(signal);
    running = await launch(configPath, hasHttps);
  };
  return { ...server, restart, addContacts };
}

async function launch(configPath: string, hasHttps: boolean): Promise<Running> {
  const running = start('prosody', ['-F', '--config', configPath]);
  const services = ['c2s', 'c2s_direct_tls', ...(hasHttps ? ['https'] : [])];
  await Promise.all(
    services.map((name) => running.line(new RegExp(`Activated service '${name}'`))),
  );
  if (!/Failed to open server port/.test(running.stdout())) return running;
  await running.stop('SIGKILL');
  throw new PortTaken(running.stdout());
}

function ownPlace(directory: string, ports: Ports, { host = HOST }: ProsodyOptions): string[] {
  return [
    'run_as_root = true',
    `data_path = ${lua(directory)}`,
    'log = { info = "*stdout" }',
    `interfaces = { ${lua(host)} }`,
    `c2s_ports = { ${ports.startTls} }`,
    `proxy65_ports = { ${ports.proxy} }`,
    `c2s_direct_tls_ports = { ${ports.directTls} }`,
  ];
}

/** One of 16 million, so that two servers hardly ever get the same. */
const loopbackAddress = () => ['127', ...[1, 2, 3].map(() => randomInt(1, 255))].join('.');

const atHttps = ({ https }: Ports, domain: string, { host = HOST }: ProsodyOptions): string[] => [
  // What is asked for by its address is this domain's, too.
  `http_default_host = ${lua(domain)}`,
  'http_ports = { }',
  `https_ports = { ${https} }`,
  `https_interfaces = { ${lua(host)} }`,
];

/** The name of a component is none that a system finds: the domain stands for it. */
const uploading = (
  { maxSize, dailyQuota, publicHost, publicPort }: UploadLimits,
  domain: string,
  { https }: Ports,
): string[] => [
  `Component ${lua(`upload.${domain}`)} "http_file_share"`,
  `http_host = ${lua(publicHost ?? domain)}`,
  ...(publicPort || publicHost
    ? [`http_external_url = ${lua(`https://${publicHost ?? domain}:${publicPort ?? https}/`)}`]
    : []),
  ...(maxSize ? [`http_file_share_size_limit = ${maxSize}`] : []),
  ...(dailyQuota ? [`http_file_share_daily_quota = ${dailyQuota}`] : []),
];

const ALONE = ['modules_disabled = { "s2s", "s2s_auth_certs" }'];

const proxy65 = (
  domain: string,
  { host = HOST, proxyAddress = host }: ProsodyOptions,
): string[] => [
  `Component ${lua(`proxy.${domain}`)} "proxy65"`,
  `proxy65_address = ${lua(proxyAddress)}`,
];

function federation(address: string): string[] {
  return [
    `s2s_interfaces = { ${lua(address)} }`,
    's2s_ports = { 5269 }',
    // Each has a CA of its own; who calls shows by a call back (XEP-0220) that the address is his.
    's2s_secure_auth = false',
    's2s_require_encryption = true',
  ];
}

function behaviour(options: ProsodyOptions): string[] {
  const modules = ['carbons', 'disco', 'ping', 'roster', 'saslauth', 'tls'];
  if (options.streamManagement ?? true) modules.push('smacks');
  if (options.rateLimit) modules.push('limits');
  if (options.archive) modules.push('mam');
  if (options.uploads) modules.push('offline');
  if (options.webSocket) modules.push('websocket');
  if (options.hostMeta) modules.push('host_meta');
  if (options.federated) modules.push('dialback');
  if (options.module) modules.push(OWN_MODULE);
  const list = (words: string[]) => `{ ${words.map(lua).join(', ')} }`;
  return [
    `modules_enabled = ${list(modules)}`,
    `authentication = ${lua(options.authentication ?? 'internal_hashed')}`,
    ...(options.plainOnly ? [`disable_sasl_mechanisms = ${list(SCRAM)}`] : []),
    ...(options.rateLimit ? [`limits = { c2s = { rate = ${lua(options.rateLimit)} } }`] : []),
    ...(options.hostMeta ? [`host_meta = ${lua(`wss://${options.hostMeta}/xmpp-websocket`)}`] : []),
    ...(options.hibernationTime ? [`smacks_hibernation_time = ${options.hibernationTime}`] : []),
    options.config ?? '',
  ];
}

/**
 * Writes accounts and rosters as Prosody's "internal" storage keeps them. Accounts are read at each
 * login, and a plain password is hashed then; rosters are read once and held in memory.
 */
function storage(directory: string, domain: string) {
  const store = async (kind: 'accounts' | 'roster', user: string, table: string) => {
    const path = join(directory, kind, `${fileName(user)}.dat`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `return ${table}`);
  };
  const rosters = new Map<string, string[]>();
  const addContacts = async (user: string, contacts: string[], groups = '') => {
    const added = contacts.map(
      (contact) =>
        `[${lua(`${contact}@${domain}`)}] = { subscription = "both", groups = { ${groups} } }`,
    );
    const items = [...(rosters.get(user) ?? []), ...added];
    rosters.set(user, items);
    await store('roster', user, `{ [false] = { version = 1, pending = {} }, ${items.join(', ')} }`);
  };
  return {
    register: (user: string, password: string) =>
      store('accounts', user, `{ password = ${lua(password)} }`),
    subscribe: async (a: string, b: string) => {
      await addContacts(a, [b]);
      await addContacts(b, [a]);
    },
    addContacts: (user: string, count: number) =>
      addContacts(
        user,
        Array.from({ length: count }, (_, index) => `contact${index + 1}`),
        '["Verona"] = true',
      ),
  };
}

/** Prosody's util.datamanager: every byte but ASCII letters and digits as `%xx`. */
function fileName(user: string): string {
  const encode = (char: string) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return Buffer.from(user)
    .toString('latin1')
    .replace(/[^A-Za-z0-9]/g, encode);
}

function lua(text: string): string {
  return JSON.stringify(text);
}
