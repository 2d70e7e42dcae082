import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import { selfSignedPair } from '../../infra/local/certificate.ts';

/** Where a plain server is reached by TLS. */
export interface TlsFront {
  readonly url: string;
  /** PEM: whom clients are to trust. */
  readonly certificateFile: string;
}

/** Passes on what comes by TLS, as it came. It lives as long as its process. @param folder of its certificate */
export async function startTlsFront(url: string, folder: string): Promise<TlsFront> {
  const { hostname, port } = new URL(url);
  const { certificate, key, file } = await selfSignedPair(folder);
  const server = createServer({ cert: certificate, key }, (theirs) => {
    const own = connect(Number(port), hostname);
    theirs.pipe(own).pipe(theirs);
    // The other one is closed by its pipe, or has nobody to talk to.
    theirs.on('error', () => own.destroy());
    own.on('error', () => theirs.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificateFile: file };
}
