import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/**
 * Plays what must not be reached: a credential endpoint on an address of its own. It answers whatever it is asked, and
 * keeps what came.
 */
export class Canary {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #heard: string[] = [];

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      const at = this.#heard.push('a connection') - 1;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        this.#heard[at] = String(bytes).split('\r\n')[0] ?? '';
        socket.end(
          'HTTP/1.1 200 OK\r\nContent-Length: 24\r\nConnection: close\r\n\r\n{"SecretAccessKey":"x"}\n',
        );
      });
    });
  }

  static async start(address: string): Promise<Canary> {
    const canary = new Canary();
    canary.#server.listen(0, address);
    await once(canary.#server, 'listening');
    return canary;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whoever connected, with the first line of what it asked for. */
  get heard(): readonly string[] {
    return this.#heard;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
