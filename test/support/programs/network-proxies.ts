// Proxies of a network, as Debian has them: microsocks for SOCKS5, tinyproxy for HTTP's CONNECT.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { HOST, inUri, onFreePorts } from '../servers/server.js';
import { type Running, start } from './process.js';

export interface NetworkProxyServer {
  /** With user and password, if it wants them. */
  uri: string;
  port: number;
  log(): string;
  stop(): Promise<void>;
}

interface ProxyOptions {
  /** Wants this login: name and password. */
  user?: readonly [name: string, password: string];
  /** The address that it listens at. */
  host?: string;
}

export type StartProxy = (options?: ProxyOptions) => Promise<NetworkProxyServer>;

const login = (user: ProxyOptions['user']) =>
  user ? `${user.map(encodeURIComponent).join(':')}@` : '';

export const startMicrosocks: StartProxy = ({ user, host = HOST } = {}) =>
  onFreePorts(async ({ proxy: port }) => {
    const [name = '', password = ''] = user ?? [];
    const args = ['-i', host, '-p', `${port}`, ...(user ? ['-u', name, '-P', password] : [])];
    const running = start('microsocks', args);
    await untilOpen(host, port, running);
    return {
      ...{ uri: `socks5://${login(user)}${inUri(host)}:${port}`, port, log: running.stderr },
      stop: async () => void (await running.stop()),
    };
  });

export const startTinyproxy: StartProxy = ({ user, host = HOST } = {}) =>
  onFreePorts(async ({ proxy: port }) => {
    const folder = await mkdtemp(join(tmpdir(), 'inband-tinyproxy-'));
    const path = join(folder, 'tinyproxy.conf');
    const lines = [
      ...[`Port ${port}`, `Listen ${host}`, 'Timeout 600', 'LogLevel Connect', 'MaxClients 50'],
      ...(user ? [`BasicAuth ${user.join(' ')}`] : []),
    ];
    await writeFile(path, `${lines.join('\n')}\n`);
    const running = start('tinyproxy', ['-d', '-c', path]);
    await untilOpen(host, port, running);
    return {
      ...{ uri: `http://${login(user)}${inUri(host)}:${port}`, port, log: running.stdout },
      stop: async () => {
        await running.stop();
        await rm(folder, { recursive: true });
      },
    };
  });

/** Neither says when it takes connections. */
async function untilOpen(host: string, port: number, running: Running): Promise<void> {
  let over = false;
  void running.exited.then(() => {
    over = true;
  });
  while (!(await isOpen(host, port))) {
    if (over) throw new Error(`it has ended: ${running.stdout()}${running.stderr()}`);
    await setImmediate();
  }
}

async function isOpen(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
