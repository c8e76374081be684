import type { Clock } from '../../session/clock.js';
import type { LoginTold } from '../../session/given/connect-options.js';
import { type Connect, goOnline } from '../../transfer/connect.js';
import type { Report } from '../../transfer/events.js';
import { askServer, type ServerOffers } from '../../transfer/server-offers.js';
import { formatBytes } from '../../units.js';

/** Goes online, tells what it found, and goes again. Rejects as `connect` does. */
export async function tryAccount(
  connect: Connect,
  report: Report,
  signal: AbortSignal,
  clock?: Clock,
): Promise<void> {
  let login: LoginTold | undefined;
  const onLogin = (told: LoginTold) => {
    login = told;
  };
  const session = await goOnline(connect, report, { onLogin, signal });
  try {
    const asked = askServer(session, signal, clock);
    report({ event: 'pending', text: 'asking the server what it offers', until: asked });
    const lines = [...(login ? [lineOf(login)] : []), ...linesOf(await asked)];
    for (const text of lines) report({ event: 'notice', text });
  } finally {
    await session.close();
  }
}

function lineOf({ host, port, isWebSocket, tls, mechanism }: LoginTold): string {
  const binding = mechanism.endsWith('-PLUS') ? ', bound to this connection' : '';
  const way = isWebSocket ? ' by WebSocket' : '';
  return `connected to ${host} port ${port}${way} with ${tls}, logged in by ${mechanism}${binding}`;
}

function linesOf(offers: ServerOffers | undefined): string[] {
  if (!offers) return ['it has not said what it offers'];
  const { program, uploads, proxies, maxStanzaBytes } = offers;
  const most = uploads?.maxSize === undefined ? '' : ` of up to ${formatBytes(uploads.maxSize)}`;
  return [
    ...(program ? [`the server is ${program}`] : []),
    uploads ? `it takes uploads${most} (${uploads.jid})` : 'it takes no uploads',
    proxies.length > 0
      ? `it has a proxy for what goes beside the XMPP stream: ${proxies.join(', ')}`
      : 'it has no proxy for what goes beside the XMPP stream',
    ...(maxStanzaBytes === undefined
      ? []
      : [`it takes stanzas of up to ${formatBytes(maxStanzaBytes)}`]),
  ];
}
