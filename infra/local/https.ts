import { selfSignedPair } from './certificate.ts';
import type { Gateway } from './gateway/server.ts';
import type { Ground } from './ground.ts';
import { listening, StartError } from './startError.ts';

export interface HttpsEnd {
  readonly url: string;
  /** The certificate that was made for this machine; undefined where one was given. */
  readonly certificateFile?: string;
}

/** The same API over HTTPS; undefined where it is not wanted, or its port is taken and need not be had. */
export async function startHttps(ground: Ground, gateway: Gateway): Promise<HttpsEnd | undefined> {
  const { options, data, log } = ground;
  if (options.https === undefined) return undefined;
  const { port, pair, isRequired } = options.https;
  const { file, ...tls } =
    pair === undefined ? await selfSignedPair(data.file('tls')) : { ...pair, file: undefined };
  try {
    const url = await listening('https', port, gateway.listenWithTls({ ...tls, port }));
    return { url, ...(file === undefined ? {} : { certificateFile: file }) };
  } catch (error) {
    if (isRequired || !(error instanceof StartError)) throw error;
    log('WARN', 'the API has no HTTPS; HTTPS_PORT sets another port', { reason: error.message });
    return undefined;
  }
}
