import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { S3Server } from '../../infra/emulators/s3/server.ts';
import { selfSignedPair } from '../../infra/local/certificate.ts';

/** Where an S3 endpoint is reached by TLS. */
export interface TlsFront {
  readonly url: string;
  /** PEM: whom clients are to trust. */
  readonly certificateFile: string;
}

/** Reaches the endpoint by TLS. It lives as long as its process. @param folder of its certificate */
export async function startTlsFront(endpoint: Pick<S3Server, 'serve'>, folder: string): Promise<TlsFront> {
  const { certificate, key, file } = await selfSignedPair(folder);
  const server = createServer({ cert: certificate, key }, (connection) => endpoint.serve(connection));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificateFile: file };
}
