import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BitsOfBinary } from '../src/protocol/bob/bits-of-binary.js';
import { contentIdOf, digest, parseContentId } from '../src/protocol/bob/content-id.js';
import { memoryBlobs, registerBlobs } from '../src/protocol/bob/memory-blobs.js';
import { HandlerRegistry } from '../src/protocol/handler-registry.js';
import { connect } from '../src/session/connect.js';
import type { Session } from '../src/session/session.js';
import { BlobFolder } from '../src/storage/blobs/blob-folder.js';
import { blobHandlers } from '../src/storage/blobs/blob-handlers.js';
import { startPeer } from '../test/support/programs/peers.js';
import { startProsody } from '../test/support/servers/prosody.js';
import type { TestServer } from '../test/support/servers/server.js';

const COUNT = 300;

interface Place {
  server: TestServer;
  folder: string;
}

/** Blobs of 1 KiB and 8 KiB a second: asked for one after the other, several at a time, and from the cache. */
export async function measureFetches(runs: number): Promise<string> {
  const server = await startProsody();
  const folder = await mkdtemp(join(tmpdir(), 'inband-bench-'));
  const place = { server, folder };
  const rows: string[] = [];
  for (const size of [1024, 8192]) {
    const rates = [
      () => fetchOurs(place, size, 1, false),
      () => fetchOurs(place, size, 8, false),
      () => fetchTheirs(place, size, []),
      () => fetchOurs(place, size, 1, true),
      () => fetchTheirs(place, size, ['cached']),
    ];
    const medians: number[] = [];
    for (const rate of rates) medians.push(Math.round(await medianOf(runs, rate)));
    rows.push(`| ${size} | ${medians.join(' | ')} |`);
  }
  await rm(folder, { recursive: true, force: true });
  await server.stop();
  const head = [
    '| bytes | inband, 1 at a time | inband, 8 at a time | slixmpp, 1 at a time | inband, cached on disk | slixmpp, cached in memory, unchecked |',
    '|---|---|---|---|---|---|',
  ];
  return [...head, ...rows].join('\n');
}

async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const rates: number[] = [];
  for (let run = 0; run < runs; run++) rates.push(await measure());
  return rates.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
}

async function fetchOurs(
  { server, folder }: Place,
  size: number,
  atATime: number,
  cached: boolean,
): Promise<number> {
  const sessions = await Promise.all([online(server, 'alice'), online(server, 'bob')]);
  const [holder, asker] = sessions;
  const bytes = Buffer.alloc(size, 'x');
  const cid = contentIdOf(bytes, 'sha-256');
  const registry = new HandlerRegistry();
  registry.register(() => ({ cid, type: 'text/plain', bytes }), 'bob', 'get_bob');
  new BitsOfBinary(holder, registry);
  // What is fetched afresh is kept in memory, as by slixmpp: on disk each would wait for the disk.
  const bits = new BitsOfBinary(
    asker,
    cached ? diskStore(folder) : registerBlobs(new HandlerRegistry(), memoryBlobs()),
  );
  const fetch = () => bits.getBlob({ jid: holder.jid, cid, cached });
  await fetch();
  const before = performance.now();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (let count = 0; count < COUNT / atATime; count++) await fetch();
    }),
  );
  const rate = (COUNT / (performance.now() - before)) * 1000;
  await Promise.all(sessions.map((session) => session.close()));
  return rate;
}

function online(server: TestServer, name: string): Promise<Session> {
  const { service, ca } = server;
  const { jid: account, password } = server.account(name);
  return connect({ account, password, service, ca });
}

function diskStore(folder: string): HandlerRegistry {
  const options = { digest, now: () => Date.now() };
  const published = new BlobFolder(join(folder, 'published'), options);
  const cached = new BlobFolder(join(folder, 'cached'), {
    ...options,
    limits: { bytes: 100_000_000, entries: 10_000 },
  });
  return registerBlobs(new HandlerRegistry(), blobHandlers(published, cached, parseContentId));
}

async function fetchTheirs(
  { server, folder }: Place,
  size: number,
  how: string[],
): Promise<number> {
  const file = join(folder, 'blob');
  await writeFile(file, Buffer.alloc(size, 'x'));
  const holder = startPeer('slixmpp_peer.py', ['bob-publish', file, 'text/plain'], server, 'alice');
  const [cid] = await holder.line(/^sha1\S+/);
  const args = ['bob-rate', 'alice@localhost/peer', cid, String(COUNT / 3), ...how];
  const asker = startPeer('slixmpp_peer.py', args, server, 'bob');
  const [, rate] = await asker.line(/^rate (\S+)/);
  await asker.exited;
  holder.child.stdin?.end();
  await holder.exited;
  return Number(rate);
}
