import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

export interface EjabberdOptions extends ServerOptions {
  /** Bytes a second that each client may send after 20,000 at once; 3000 as shipped; default: no limit. */
  rateLimit?: number;
  /** Bytes of the largest stanza that a client may send; default: 262,144, as shipped. */
  maxStanzaSize?: number;
  /** Keeps no passwords but what SCRAM with this hash needs; default: passwords, for every hash. */
  scramHash?: 'sha' | 'sha256' | 'sha512';
  /** Offers SCRAM without channel binding alone. */
  withoutPlus?: boolean;
}

/** What each client may send a second, as Debian ships it (and 20,000 bytes at once); `rateLimit`. */
export const SHIPPED_RATE = 3_000;

/**
 * Starts ejabberd like `ejabberdctl foreground`, but as this user and without a node name, so that it
 * needs no epmd. Offers PLAIN and SCRAM with SHA-1, -256 and -512.
 */
export function startEjabberd(options: EjabberdOptions = {}): Promise<TestServer> {
  return inNewDirectory('ejabberd', (directory) => startIn(directory, options));
}

async function startIn(directory: string, options: EjabberdOptions): Promise<TestServer> {
  const ca = await createCertificateAuthority(directory);
  const { certPath, keyPath } = await ca.issue(DOMAIN, ...(options.host ? [options.host] : []));
  const certificate = join(directory, 'server.pem');
  await writeFile(certificate, [await readFile(certPath), await readFile(keyPath)].join(''));

  const { ports, running } = await onFreePorts(async (ports) => {
    const settings = {
      ...ownPlace(ports, options),
      certfiles: [certificate],
      ...behaviour(options, ports, directory),
    };
    const lines = Object.entries(settings).map(
      ([key, value]) => `${key}: ${JSON.stringify(value)}`,
    );
    await writeFile(configPath(directory), [...lines, options.config ?? ''].join('\n'));
    return { ports, running: await launch(directory) };
  }, options);
  return createTestServer(ports, ca, {
    host: options.host,
    webSocketPath: '/ws',
    register: (user, password) => call(ports, 'register', { user, host: DOMAIN, password }),
    subscribe: async (a, b) => {
      await addContact(ports, a, b);
      await addContact(ports, b, a);
    },
    log: () => running.stdout(),
    stop: async () => {
      await running.stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  });
}

const configPath = (directory: string) => join(directory, 'ejabberd.yml');

/** Erlang's threads spin while they wait for work; on a busy machine that made a start of 1 s one of 65 s. */
const PATIENT = ['sbwt', 'sbwtdcpu', 'sbwtdio'].flatMap((flag) => [`+${flag}`, 'none']);

async function launch(directory: string): Promise<Running> {
  const script = await readFile('/usr/sbin/ejabberdctl', 'utf8');
  const env = {
    ...process.env,
    ERL_LIBS: /^ERL_LIBS='(.*)'/m.exec(script)?.[1],
    ERL_CRASH_DUMP: join(directory, 'erl_crash.dump'),
    EJABBERD_CONFIG_PATH: configPath(directory),
    EJABBERD_LOG_PATH: join(directory, 'ejabberd.log'),
  };
  const args = ['-noinput', '-mnesia', 'dir', JSON.stringify(directory), '-s', 'ejabberd'];
  const running = start('erl', [...PATIENT, ...args], { env, cwd: directory });
  try {
    await running.line(/Start accepting .* for ejabberd_http/);
    return running;
  } catch (error) {
    await running.stop('SIGKILL');
    throw /eaddrinuse/.test(running.stdout()) ? new PortTaken(running.stdout()) : error;
  }
}

function ownPlace(
  ports: Ports,
  { maxStanzaSize = 262_144, uploads, webSocket, host: ip = HOST }: EjabberdOptions,
) {
  const limits = { max_stanza_size: maxStanzaSize, shaper: 'c2s' };
  const c2s = { ip, module: 'ejabberd_c2s', ...limits };
  return {
    hosts: [DOMAIN],
    listen: [
      { ...c2s, port: ports.startTls, starttls_required: true },
      { ...c2s, port: ports.directTls, tls: true },
      {
        ip: HOST,
        port: ports.api,
        module: 'ejabberd_http',
        request_handlers: { '/api': 'mod_http_api' },
      },
      ...(uploads || webSocket ? [atHttps(ports, ip)] : []),
    ],
    api_permissions: { tests: { who: 'all', what: '*' } },
  };
}

const atHttps = ({ https: port }: Ports, ip: string) => ({
  ...{ port, ip, module: 'ejabberd_http', tls: true },
  request_handlers: {
    ...{ '/upload': 'mod_http_upload', '/ws': 'ejabberd_http_ws' },
    '/.well-known/host-meta': 'mod_host_meta',
    '/.well-known/host-meta.json': 'mod_host_meta',
  },
});

/** As Debian ships them: all that limit what clients may do, and those that tests need. */
const MODULES = {
  ...{ mod_admin_extra: {}, mod_carboncopy: {}, mod_disco: {}, mod_ping: {}, mod_roster: {} },
  mod_blocking: {},
  mod_caps: {},
  mod_client_state: {},
  mod_fail2ban: {},
  mod_offline: { access_max_user_messages: 'max_user_offline_messages' },
  mod_pres_counter: { count: 5, interval: 60 },
  mod_privacy: {},
};

function behaviour(options: EjabberdOptions, ports: Ports, directory: string) {
  const { rateLimit, plainOnly, streamManagement = true, scramHash, withoutPlus } = options;
  const { proxy, uploads, archive, hostMeta, host: ip = HOST } = options;
  const scram = ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
  const plus = scram.map((name) => `${name}-PLUS`);
  return {
    ...(scramHash
      ? { auth_password_format: 'scram', auth_scram_hash: scramHash }
      : { auth_password_format: 'plain' }),
    disable_sasl_mechanisms: [
      ...['DIGEST-MD5', 'X-OAUTH2'],
      ...(plainOnly ? scram : []),
      ...(plainOnly || withoutPlus ? plus : []),
    ],
    ...(rateLimit ? { shaper: { normal: { rate: rateLimit, burst_size: 20_000 } } } : {}),
    shaper_rules: {
      c2s: rateLimit ? 'normal' : 'none',
      ...{ max_user_sessions: 10, max_user_offline_messages: 100 },
    },
    modules: {
      ...MODULES,
      ...(proxy ? { mod_proxy65: { ip, port: ports.proxy, max_connections: 32 } } : {}),
      ...(hostMeta ? { mod_host_meta: { websocket_url: `wss://${hostMeta}/ws` } } : {}),
      ...(archive ? { mod_mam: { default: 'always' } } : {}),
      ...(uploads ? { mod_http_upload: uploading(uploads, ports, directory) } : {}),
      ...(streamManagement ? { mod_stream_mgmt: { resend_on_timeout: 'if_offline' } } : {}),
    },
  };
}

const uploading = (
  { maxSize, publicHost = DOMAIN, publicPort }: UploadLimits,
  { https }: Ports,
  directory: string,
) => ({
  access: 'all',
  put_url: `https://${publicHost}:${publicPort ?? https}/upload`,
  docroot: join(directory, 'upload'),
  ...(maxSize ? { max_size: maxSize } : {}),
});

function addContact(ports: Ports, user: string, contact: string): Promise<void> {
  return call(ports, 'add_rosteritem', {
    ...{ localuser: user, localhost: DOMAIN, user: contact, host: DOMAIN },
    ...{ nick: contact, group: '', subs: 'both' },
  });
}

/** Runs a command of ejabberdctl's through mod_http_api. */
async function call(ports: Ports, command: string, args: Record<string, string>): Promise<void> {
  const url = `http://${HOST}:${ports.api}/api/${command}`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(args) });
  if (!response.ok) throw new Error(`ejabberd ${command}: ${await response.text()}`);
}
