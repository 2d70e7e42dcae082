import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What HTTPS is served with, in PEM. */
export interface TlsPair {
  readonly certificate: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Browsers take no longer ones. */
const VALID_MS = 397 * DAY_MS;
const RENEWED_BEFORE_MS = 30 * DAY_MS;

/**
 * A self-signed pair for this machine's own names. It is made once and kept, so that clients may be told to trust it; a
 * new one takes its place in the month before it expires.
 * @param folder `certificate.pem`, `key.pem`, for the owner's eyes only
 */
export async function selfSignedPair(
  folder: string,
  nowMs = Date.now(),
): Promise<TlsPair & { readonly file: string }> {
  const [file, keyFile] = [path.join(folder, 'certificate.pem'), path.join(folder, 'key.pem')];
  const known = readPair(file, keyFile);
  if (known !== undefined && isGood(known, nowMs)) return { ...known, file };
  // A tenth of what `npm start` loads, for what is made once a year.
  const { generate } = await import('selfsigned');
  const { cert, private: key } = await generate(
    [{ name: 'commonName', value: 'Stream Recorder on this machine' }],
    {
      algorithm: 'sha256',
      // Clocks of clients may be late.
      notBeforeDate: new Date(nowMs - DAY_MS),
      notAfterDate: new Date(nowMs + VALID_MS - DAY_MS),
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
            { type: 7, ip: '::1' },
          ],
        },
      ],
    },
  );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(keyFile, key, { mode: 0o600 });
  writeFileSync(file, cert);
  return { certificate: cert, key, file };
}

/** @throws Error that says what is wrong: no PEM, or a key of another certificate */
export function checkPair({ certificate, key }: TlsPair): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the key is that of another certificate');
  }
}

function readPair(file: string, keyFile: string): TlsPair | undefined {
  try {
    return { certificate: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A start that was killed between two writes may have left a half. */
function isGood(pair: TlsPair, nowMs: number): boolean {
  try {
    checkPair(pair);
  } catch {
    return false;
  }
  return new X509Certificate(pair.certificate).validToDate.getTime() - nowMs > RENEWED_BEFORE_MS;
}
