import { createSocket } from 'node:dgram';
import type { SrvRecord } from 'node:dns';
import { once } from 'node:events';

const SRV = 33;
const NAME_ERROR = 3;
const SERVER_FAILURE = 2;

/** What is known of a name: its services, or that the server cannot tell, or does not. Other names do not exist. */
export type Zone = Record<string, SrvRecord[] | 'failure' | 'silence'>;

/** A DNS server (RFC 1035) for services (RFC 2782), on a port of its own where none is named. */
export async function dnsServer({ host = '127.0.0.1', port = 0 } = {}) {
  const socket = createSocket('udp4');
  const server = {
    zone: {} as Zone,
    /** The names that were asked for. */
    asked: [] as string[],
    address: '',
    close: () => new Promise<void>((resolve) => socket.close(resolve)),
  };
  socket.on('message', (query, { port, address }) => {
    const { name, end } = readName(query);
    server.asked.push(name);
    const records = server.zone[name];
    if (records === 'silence') return;
    const answers = Array.isArray(records) ? records.map(answer) : [];
    const code = Array.isArray(records) ? 0 : records ? SERVER_FAILURE : NAME_ERROR;
    const header = Buffer.from([0, 0, 0x81, 0x80 | code, 0, 1, 0, answers.length, 0, 0, 0, 0]);
    query.copy(header, 0, 0, 2);
    socket.send(Buffer.concat([header, query.subarray(12, end + 4), ...answers]), port, address);
  });
  socket.bind(port, host);
  await once(socket, 'listening');
  server.address = `${host}:${socket.address().port}`;
  return server;
}

/** The name in the question, and where it ends. */
function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function answer({ priority, weight, port, name }: SrvRecord): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const target = labels.map((label) =>
    Buffer.concat([Buffer.of(label.length), Buffer.from(label)]),
  );
  const fixed = Buffer.alloc(18);
  // The name asked for, once more; an hour to live.
  fixed.writeUInt16BE(0xc00c, 0);
  fixed.writeUInt16BE(SRV, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(3600, 6);
  fixed.writeUInt16BE(priority, 12);
  fixed.writeUInt16BE(weight, 14);
  fixed.writeUInt16BE(port, 16);
  const data = Buffer.concat([fixed.subarray(12), ...target, Buffer.of(0)]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(data.length);
  return Buffer.concat([fixed.subarray(0, 10), length, data]);
}
