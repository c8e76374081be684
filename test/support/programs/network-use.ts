import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Loaded before the program: notes what that does on the network. */
const HOOK = `const dns = require('node:dns');
const { appendFileSync } = require('node:fs');
const net = require('node:net');

const note = (what) => appendFileSync(process.env.NETWORK_USE, \`\${what}\n\`);

function tap(object, name, describe) {
  const own = object[name];
  object[name] = function tapped(...args) {
    const what = describe(...args);
    if (what) note(what);
    return own.apply(this, args);
  };
}

tap(net.Socket.prototype, 'connect', (first) => {
  const options = Array.isArray(first) ? first[0] : first;
  return options?.port ? \`connect \${options.host} \${options.port}\` : undefined;
});
tap(net.Server.prototype, 'listen', () => 'listen');
tap(dns, 'lookup', (host) => (net.isIP(host) ? undefined : \`lookup \${host}\`));
for (const { prototype } of [dns.Resolver, dns.promises.Resolver]) {
  tap(prototype, 'resolveSrv', (name) => \`srv \${name}\`);
}
`;

export interface NetworkUse {
  /** The environment for the program that is watched. */
  env: Record<string, string>;
  /** What it has connected to, looked up and listened at; each once. */
  used(): string[];
}

/** Has a run of a program note what it does on the network, in this folder. */
export function watchNetwork(folder: string): NetworkUse {
  const [hook, notes] = [join(folder, 'hook.cjs'), join(folder, 'network')];
  writeFileSync(hook, HOOK);
  return {
    env: { NODE_OPTIONS: `--require=${hook}`, NETWORK_USE: notes },
    used: () => {
      if (!existsSync(notes)) return [];
      return [...new Set(readFileSync(notes, 'utf8').split('\n').filter(Boolean))];
    },
  };
}
