import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import { Child } from './children.ts';

/** What a page of ours found out about a record. */
export interface Playback {
  readonly durationSeconds: number;
  /** Requests for the record until its metadata and first frame were there. */
  readonly requestsToLoad: number;
  /** The burnt-in numbers of the frames that were shown after each seek. */
  readonly frames: readonly number[];
}

const BITS = 16;
/** Arguments without which Chromium asks for what no test machine has. */
export const CHROMIUM_ARGUMENTS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

const PAGE = `<!doctype html>
<script type="module">
const post = (body) => fetch('/done', { method: 'POST', body: JSON.stringify(body) });
function counterOf(video) {
  const canvas = document.createElement('canvas');
  canvas.width = ${BITS};
  canvas.height = 1;
  const context = canvas.getContext('2d');
  context.imageSmoothingEnabled = false;
  // The middle of each block of the strip.
  let value = 0;
  for (let bit = 0; bit < ${BITS}; bit++) {
    context.drawImage(video, (bit + 0.5) * (video.videoWidth / ${BITS}), 8, 1, 1, bit, 0, 1, 1);
    if (context.getImageData(bit, 0, 1, 1).data[0] > 125) value += 2 ** bit;
  }
  return value;
}
async function play({ record, seekSeconds }) {
  const video = Object.assign(document.createElement('video'), { preload: 'auto', muted: true });
  const on = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
  });
  document.body.replaceChildren(video);
  const loaded = on('loadeddata');
  video.src = record;
  await loaded;
  const { requests } = await (await fetch('/requests')).json();
  const frames = [];
  for (const seconds of seekSeconds) {
    const seeked = on('seeked');
    video.currentTime = seconds;
    await seeked;
    await new Promise((resolve) => setTimeout(resolve, 100));
    frames.push(counterOf(video));
  }
  return { durationSeconds: video.duration, requestsToLoad: requests, frames };
}
for (;;) {
  const next = await (await fetch('/next')).json();
  await post(await play(next).catch((error) => ({ error: String(error) })));
}
</script><body>`;

interface Asked {
  readonly record: Buffer;
  readonly contentType: string;
  readonly seekSeconds: readonly number[];
  readonly answer: PromiseWithResolvers<Playback>;
}

/** Headless Chromium, which plays records over range requests and seeks in them, one after the other. */
export class ChromiumPlayer {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #waiting: Asked[] = [];
  #profile = '';
  #browser: Child | undefined;
  /** The page, which asks for something to play. */
  #idle: ServerResponse | undefined;
  #playing: Asked | undefined;
  #requests = 0;
  #played = 0;

  static async start(): Promise<ChromiumPlayer> {
    const player = new ChromiumPlayer();
    player.#profile = await mkdtemp(path.join(tmpdir(), 'chromium-'));
    const url = await listenOnLoopback(player.#server);
    const args = [...CHROMIUM_ARGUMENTS, `--user-data-dir=${player.#profile}`, url];
    const browser = new Child('chromium', args);
    player.#browser = browser;
    void browser.ended.then(() => player.#fail(new Error(`Chromium ended: ${browser.output}`)));
    return player;
  }

  /** @throws what the browser says */
  async play(record: Buffer, contentType: string, seekSeconds: readonly number[]): Promise<Playback> {
    const answer = Promise.withResolvers<Playback>();
    this.#waiting.push({ record, contentType, seekSeconds, answer });
    this.#next();
    return answer.promise;
  }

  async close(): Promise<void> {
    await this.#browser?.stop();
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #next(): void {
    if (this.#idle === undefined || this.#waiting.length === 0) return;
    this.#playing = this.#waiting.shift();
    this.#requests = 0;
    this.#played += 1;
    const { seekSeconds } = this.#playing ?? {};
    this.#idle.end(JSON.stringify({ record: `/record/${this.#played}`, seekSeconds }));
    this.#idle = undefined;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '' } = request;
    // Of one that was played before the page may still ask for more.
    if (url === `/record/${this.#played}` && this.#playing !== undefined) {
      this.#requests += 1;
      sendRange(request, response, this.#playing.record, this.#playing.contentType);
    } else if (url === '/requests') response.end(JSON.stringify({ requests: this.#requests }));
    else if (url === '/next') {
      this.#idle = response;
      this.#next();
    } else if (url === '/done') {
      text(request)
        .then((body) => this.#found(JSON.parse(body)))
        .catch((error: unknown) => this.#fail(error))
        .finally(() => response.end());
    } else if (url === '/') response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    else response.writeHead(404).end();
  }

  #found({ error, ...playback }: Playback & { readonly error?: string }): void {
    if (error === undefined) this.#playing?.answer.resolve(playback);
    else this.#fail(new Error(error));
  }

  #fail(error: unknown): void {
    for (const { answer } of [this.#playing, ...this.#waiting].flatMap((one) => one ?? []))
      answer.reject(error);
  }
}

/** Plays one record in a browser of its own. @throws what the browser says */
export async function playInChromium(...asked: Parameters<ChromiumPlayer['play']>): Promise<Playback> {
  const player = await ChromiumPlayer.start();
  try {
    return await player.play(...asked);
  } finally {
    await player.close();
  }
}

function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  record: Buffer,
  contentType: string,
): void {
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? 'bytes=0-') ?? [];
  const last = to === '' ? record.length - 1 : Math.min(Number(to), record.length - 1);
  response.writeHead(206, {
    'content-type': contentType,
    'accept-ranges': 'bytes',
    'content-range': `bytes ${from}-${last}/${record.length}`,
    'content-length': last - Number(from) + 1,
  });
  response.end(record.subarray(Number(from), last + 1));
}
