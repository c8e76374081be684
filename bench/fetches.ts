import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BitsOfBinary } from '../src/protocol/bob/bits-of-binary.js';
import { contentIdOf } from '../src/protocol/bob/content-id.js';
import { HandlerRegistry } from '../src/protocol/handler-registry.js';
import { connect } from '../src/session/connect.js';
import { startPeer } from '../test/support/peers.js';
import { startProsody } from '../test/support/prosody.js';
import type { TestServer } from '../test/support/server.js';

const COUNT = 1000;

/** Blobs of 1 KiB and 8 KiB, one after the other and several at a time. */
export async function measureFetches(runs: number): Promise<string> {
  const server = await startProsody();
  const folder = await mkdtemp(join(tmpdir(), 'inband-bench-'));
  const rows: string[] = [];
  for (const size of [1024, 8192]) {
    const ours = async (atATime: number) =>
      Math.round(await medianOf(runs, () => fetchOurs(server, size, atATime)));
    const theirs = Math.round(await medianOf(runs, () => fetchTheirs(server, folder, size)));
    rows.push(`| ${size} | ${await ours(1)} | ${await ours(8)} | ${theirs} |`);
  }
  await rm(folder, { recursive: true, force: true });
  await server.stop();
  return [
    '| bytes | inband, 1 at a time | inband, 8 at a time | slixmpp, 1 at a time |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const rates: number[] = [];
  for (let run = 0; run < runs; run++) rates.push(await measure());
  return rates.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

/** A second. */
async function fetchOurs(server: TestServer, size: number, atATime: number): Promise<number> {
  const online = (name: string) =>
    connect({
      account: server.account(name).jid,
      password: server.account(name).password,
      service: server.service,
      ca: server.ca,
    });
  const [holder, asker] = await Promise.all([online('alice'), online('bob')]);
  const bytes = Buffer.alloc(size, 'x');
  const cid = contentIdOf(bytes, 'sha-256');
  const registry = new HandlerRegistry();
  registry.register(() => ({ cid, type: 'text/plain', bytes }), 'bob', 'get_bob');
  new BitsOfBinary(holder, registry);
  const bits = new BitsOfBinary(asker, new HandlerRegistry());
  let left = COUNT;
  const work = async () => {
    for (; left > 0; left--) await bits.getBlob({ jid: holder.jid, cid, cached: false });
  };
  const before = performance.now();
  await Promise.all(Array.from({ length: atATime }, work));
  const rate = (COUNT / (performance.now() - before)) * 1000;
  await Promise.all([holder.close(), asker.close()]);
  return rate;
}

async function fetchTheirs(server: TestServer, folder: string, size: number): Promise<number> {
  const file = join(folder, 'blob');
  await writeFile(file, Buffer.alloc(size, 'x'));
  const holder = startPeer('slixmpp_peer.py', ['bob-publish', file, 'text/plain'], server, 'alice');
  const [cid] = await holder.line(/^sha1\S+/);
  const args = ['bob-rate', 'alice@localhost/peer', cid, String(COUNT / 5)];
  const asker = startPeer('slixmpp_peer.py', args, server, 'bob');
  const [, rate] = await asker.line(/^rate (\S+)/);
  await asker.exited;
  holder.child.stdin?.end();
  await holder.exited;
  return Number(rate);
}
