import { once } from 'node:events';
import type { Server } from 'node:http';

/**
 * A client that takes a connection up again must not meet the end of it: Node's own 5 s are less than what AWS SDKs, Go and
 * browsers keep one for, and a POST that is reset is not sent again.
 */
const KEEP_ALIVE_MS = 600_000;

/** @returns the URL, without a slash at its end */
export async function listenOnLoopback(server: Server, port = 0): Promise<string> {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `http://127.0.0.1:${address.port}`;
}

export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
