import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';

/** A connected TLS socket in the shape that @xmpp/client gives its own sockets. */
export class SocketAdapter extends EventEmitter {
  readonly secure = true;
  #socket: TLSSocket | undefined;

  connect(socket: TLSSocket): void {
    this.#socket = socket;
    // Decodes across reads: the library would decode each read alone and break characters in two.
    socket.setEncoding('utf8');
    socket.on('data', (text) => this.#receive(text));
    socket.on('error', (error) => this.emit('error', error));
    socket.on('close', () => this.emit('close'));
    // The library starts to listen after this call.
    process.nextTick(() => this.emit('connect'));
  }

  write(text: string, done: (error?: Error | null) => void): void {
    this.#socket?.write(text, done);
  }

  end(): void {
    this.#socket?.end();
  }

  /** Whatever the parser or a handler throws ends this connection, not the process. */
  #receive(text: string): void {
    try {
      this.emit('data', text);
    } catch (error) {
      this.#socket?.destroy(error as Error);
    }
  }
}
