/*
 * The ceiling that the server and the network leave: stanzas prepared beforehand and written straight
 * to a logged-in TLS socket, answered as soon as they are seen. Without stream management.
 *
 * raw-peer.ts <full jid> <port> <ca> receive
 * raw-peer.ts <full jid> <port> <ca> iq|message <peer> <bytes> <block size> <window> [aligned]
 * Aligned: TLS records of 4096 bytes, which is what Prosody reads at a time, and stanzas filled up to fill them.
 * The password is in INBAND_PASSWORD. Prints `ready`, `opened` before the first block, `done` at the end.
 */
import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { dial } from '../src/session/dial/dial.js';
import { parseJid } from '../src/session/jid.js';
import { logIn } from '../src/session/login/login.js';
import { XmppStream } from '../src/session/stream/xmpp-stream.js';
import { TcpWire } from '../src/session/wires/tcp-wire.js';

/** Bytes. */
const RECORD = 4096;

const [account = '', port, ca = '', ...what] = process.argv.slice(2);
const [mode, peer, bytes, blockSize, window, aligned] = what;

await main();

async function main(): Promise<void> {
  const { local, domain, resource } = parseJid(account);
  const endpoint = { host: '127.0.0.1', port: Number(port), directTls: false };
  const signal = AbortSignal.timeout(600_000);
  const { socket } = await dial([endpoint], { domain, ca: readFileSync(ca, 'utf8'), signal });
  const stream = new XmppStream(new TcpWire(socket));
  const password = process.env.INBAND_PASSWORD ?? '';
  await logIn(stream, { domain, username: local, password, allowPlain: false });
  socket.removeAllListeners('data');
  const bound = nextText(socket, /<\/iq>/);
  socket.write(
    `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
  );
  await bound;
  if (aligned) socket.setMaxSendFragment(RECORD);
  process.stdout.write('ready\n');
  if (mode === 'receive') return answer(socket);
  await (mode === 'iq' ? sendIqs(socket) : sendMessages(socket));
  process.stdout.write('done\n');
  socket.destroy();
}

function nextText(socket: TLSSocket, pattern: RegExp): Promise<void> {
  return new Promise((found) => {
    let text = '';
    const listen = (chunk: string) => {
      text += chunk;
      if (!pattern.test(text)) return;
      socket.off('data', listen);
      found();
    };
    socket.on('data', listen);
  });
}

/** Answers every iq at once; ends the process when the last block of messages has come. */
function answer(socket: TLSSocket): void {
  let rest = '';
  socket.on('data', (chunk: string) => {
    const stanzas = (rest + chunk).split('</iq>');
    rest = stanzas.pop() ?? '';
    const replies = stanzas.map((stanza) => {
      const [, id] = /\bid=["']([^"']+)/.exec(stanza.slice(stanza.lastIndexOf('<iq'))) ?? [];
      const [, from] = /\bfrom=["']([^"']+)/.exec(stanza.slice(stanza.lastIndexOf('<iq'))) ?? [];
      return `<iq type='result' to='${from}' id='${id}'/>`;
    });
    if (replies.length > 0) socket.write(replies.join(''));
    else if (!rest.includes('<iq')) rest = rest.slice(rest.lastIndexOf('<'));
  });
}

function blocks(): string[] {
  const count = Math.ceil(Number(bytes) / Number(blockSize));
  const payload = Buffer.alloc(Number(blockSize), 'x').toString('base64');
  return Array.from({ length: count }, (_, index) => {
    const data = `<data xmlns='http://jabber.org/protocol/ibb' sid='s' seq='${index % 65_536}'>${payload}</data>`;
    const stanza =
      mode === 'iq'
        ? `<iq type='set' to='${peer}' id='n${index}'>${data}</iq>`
        : `<message to='${peer}' id='n${index}'>${data}</message>`;
    return aligned ? filledUp(stanza) : stanza;
  });
}

/** RFC 6120 §4.6.1 allows white space between stanzas. */
function filledUp(stanza: string): string {
  return stanza.padEnd(Math.ceil(stanza.length / RECORD) * RECORD);
}

/** Keeps `window` of them under way. */
function sendIqs(socket: TLSSocket): Promise<void> {
  const stanzas = blocks();
  process.stdout.write('opened\n');
  return new Promise((done) => {
    let sent = Number(window);
    let answered = 0;
    socket.write(stanzas.slice(0, sent).join(''));
    socket.on('data', (chunk: string) => {
      const count = chunk.split('<iq').length - 1;
      answered += count;
      if (sent < stanzas.length) socket.write(stanzas.slice(sent, sent + count).join(''));
      sent += count;
      if (answered === stanzas.length) done();
    });
  });
}

/** All that the socket takes; over when the recipient has answered an iq behind them. */
async function sendMessages(socket: TLSSocket): Promise<void> {
  const stanzas = blocks();
  const answered = nextText(socket, /id=["']last/);
  process.stdout.write('opened\n');
  for (const stanza of stanzas) {
    if (!socket.write(stanza)) await new Promise((drained) => socket.once('drain', drained));
  }
  socket.write(`<iq type='set' to='${peer}' id='last'><x xmlns='x'/></iq>`);
  await answered;
}
