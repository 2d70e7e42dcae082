import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Child, freePort, waitFor } from './children.ts';

export interface NginxOptions {
  /** Is told of each publication: when it begins, every second while it goes on, and when it ends. */
  readonly hookUrl?: string;
  /** Is told of each player. */
  readonly playHookUrl?: string;
  /** nginx's own default: players stay connected when the publisher goes, and get the next one's stream. */
  readonly keepsPlayers?: boolean;
}

/** Debian's nginx with its RTMP module: the media server of the end-to-end tests. */
export class NginxRtmp {
  readonly url: string;
  readonly #child: Child;
  readonly #folder: string;

  private constructor(url: string, child: Child, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(options: NginxOptions = {}): Promise<NginxRtmp> {
    const folder = await mkdtemp(path.join(tmpdir(), 'nginx-rtmp-'));
    await mkdir(path.join(folder, 'logs'));
    const port = await freePort();
    await writeFile(path.join(folder, 'nginx.conf'), configuration(port, options));
    const child = new Child('nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf'), '-e', 'stderr']);
    await waitFor('nginx to listen', () => canConnect(port).then((open) => open || undefined)).catch(
      (error) => {
        throw new Error(`nginx did not start: ${child.output}`, { cause: error });
      },
    );
    return new NginxRtmp(`rtmp://127.0.0.1:${port}/live`, child, folder);
  }

  /** Waits until a stream is there to be played. */
  async published(stream: string): Promise<void> {
    await waitFor(`${stream} to be published`, () => plays(`${this.url}/${stream}`), { everyMs: 250 });
  }

  async stop(): Promise<void> {
    await this.#child.stop('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function configuration(port: number, { hookUrl, playHookUrl, keepsPlayers = false }: NginxOptions): string {
  const hooks =
    hookUrl === undefined
      ? ''
      : ['on_publish', 'on_publish_done', 'on_update'].map((hook) => `${hook} ${hookUrl};`).join(' ') +
        ' notify_update_timeout 1s;';
  const playHook = playHookUrl === undefined ? '' : `on_play ${playHookUrl};`;
  return `
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    application live { live on; idle_streams ${keepsPlayers ? 'on' : 'off'}; ${hooks} ${playHook} }
  }
}
`;
}

function plays(url: string): Promise<true | undefined> {
  const args = ['-v', 'error', '-rw_timeout', '2000000', '-show_entries', 'format=format_name', url];
  return new Promise((resolve) => {
    execFile('ffprobe', args, (error) => resolve(error === null ? true : undefined));
  });
}

export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
