import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { MediaFolder } from './media.ts';

/** Puts TLS, with a certificate of its own, in front of a server on loopback. */
export class TlsFront {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Host names that clients asked for by SNI. */
  readonly serverNames: string[] = [];

  private constructor(targetPort: number, folder: MediaFolder) {
    const [key, cert] = [folder.file('key.pem'), folder.file('cert.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-subj', '/CN=media.test', '-days', '2', '-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore' },
    );
    this.#server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
      if (typeof socket.servername === 'string') this.serverNames.push(socket.servername);
      const target = connect(targetPort, '127.0.0.1');
      for (const one of [socket, target]) {
        this.#sockets.add(one);
        one.on('error', () => undefined);
      }
      socket.pipe(target).pipe(socket);
      socket.on('close', () => target.destroy());
      target.on('close', () => socket.destroy());
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(targetPort: number, folder: MediaFolder): Promise<TlsFront> {
    const front = new TlsFront(targetPort, folder);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
