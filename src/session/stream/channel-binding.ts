import type { TLSSocket } from 'node:tls';
import { hashOfCertificate } from './certificate-hash.js';

/** What ties a login to the TLS connection that carries it, so that nobody in between can pass it on (RFC 5056). */
export interface ChannelBinding {
  type: 'tls-exporter' | 'tls-server-end-point';
  data: Buffer;
}

/** RFC 9266 §2. */
const EXPORTER = { label: 'EXPORTER-Channel-Binding', bytes: 32 };

/**
 * The one binding of a connection: `tls-exporter` of TLS 1.3 (RFC 9266); on TLS 1.2, where that binds nothing without
 * the extended master secret, `tls-server-end-point` (RFC 5929 §4). None where the hash of the certificate cannot be
 * known.
 */
export function channelBindingOf(socket: TLSSocket): ChannelBinding | undefined {
  switch (socket.getProtocol()) {
    case 'TLSv1.3':
      // The context is empty, which is not the same as none (RFC 9266 §2).
      return {
        type: 'tls-exporter',
        data: socket.exportKeyingMaterial(EXPORTER.bytes, EXPORTER.label, Buffer.alloc(0)),
      };
    case 'TLSv1.2':
      return endPointOf(socket.getPeerCertificate().raw);
    default:
      return undefined;
  }
}

function endPointOf(certificate: Buffer): ChannelBinding | undefined {
  const data = hashOfCertificate(certificate);
  return data && { type: 'tls-server-end-point', data };
}
