import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Child, freePort, waitFor } from './children.ts';

const SCRIPT = path.join(import.meta.dirname, 'rtspServer.py');
const STREAM = 'stream-key-1234';

export interface RtspOptions {
  /** URL of the live FLV stream that it sends. */
  readonly feed: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: boolean;
  /** Share of the video's packets that get lost on the way. */
  readonly loss?: number;
}

/** GStreamer's RTSP server: sends a live stream over TCP and UDP. */
export class RtspServer {
  readonly url: string;
  readonly port: number;
  readonly #child: Child;
  readonly #folder: string;

  private constructor(url: string, port: number, child: Child, folder: string) {
    this.url = url;
    this.port = port;
    this.#child = child;
    this.#folder = folder;
  }

  static async start({ tls = false, ...options }: RtspOptions): Promise<RtspServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'rtsp-'));
    const port = options.port ?? (await freePort());
    const arranged = {
      ...options,
      port,
      path: STREAM,
      ...(tls ? { certificate: makeCertificate(folder) } : {}),
    };
    const child = new Child('/usr/bin/python3', [SCRIPT, JSON.stringify(arranged)]);
    await waitFor('the RTSP server to listen', () => {
      if (!child.running) throw new Error(`the RTSP server did not start: ${child.output}`);
      return child.output.includes('ready') || undefined;
    });
    const scheme = tls ? 'rtsps' : 'rtsp';
    return new RtspServer(`${scheme}://127.0.0.1:${port}/live/${STREAM}`, port, child, folder);
  }

  /** Stops answering, with every connection open. */
  freeze(isFrozen: boolean): void {
    this.#child.process.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async stop(): Promise<void> {
    this.#child.process.kill('SIGCONT');
    await this.#child.stop('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** @returns the file with a key and a certificate of its own for 127.0.0.1 */
function makeCertificate(folder: string): string {
  const key = path.join(folder, 'key.pem');
  const certificate = path.join(folder, 'certificate.pem');
  const both = path.join(folder, 'both.pem');
  const ask = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
  execFileSync('openssl', [...ask, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  execFileSync('sh', ['-c', 'cat "$1" "$2" > "$3"', 'sh', key, certificate, both]);
  return both;
}
