import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
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

const page = (seekSeconds: readonly number[]): string => `<!doctype html>
<video id="v" preload="auto" muted src="/record"></video>
<script type="module">
const video = document.getElementById('v');
const on = (name) => new Promise((resolve, reject) => {
  video.addEventListener(name, resolve, { once: true });
  video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
});
function counter() {
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
try {
  await on('loadeddata');
  const { requests } = await (await fetch('/requests')).json();
  const frames = [];
  for (const seconds of ${JSON.stringify(seekSeconds)}) {
    const seeked = on('seeked');
    video.currentTime = seconds;
    await seeked;
    await new Promise((resolve) => video.requestVideoFrameCallback ? setTimeout(resolve, 100) : resolve());
    frames.push(counter());
  }
  const found = { durationSeconds: video.duration, requestsToLoad: requests, frames };
  await fetch('/done', { method: 'POST', body: JSON.stringify(found) });
} catch (error) {
  await fetch('/done', { method: 'POST', body: JSON.stringify({ error: String(error) }) });
}
</script>`;

/** Plays a record in headless Chromium over range requests, and seeks in it. @throws what the browser says */
export async function playInChromium(
  record: Buffer,
  contentType: string,
  seekSeconds: readonly number[],
): Promise<Playback> {
  const profile = await mkdtemp(path.join(tmpdir(), 'chromium-'));
  const done = Promise.withResolvers<string>();
  let requests = 0;
  const server = createServer((request, response) => {
    if (request.url === '/record') {
      requests += 1;
      sendRange(request, response, record, contentType);
    } else if (request.url === '/requests') response.end(JSON.stringify({ requests }));
    else if (request.url === '/done')
      void readBody(request)
        .then(done.resolve, done.reject)
        .finally(() => response.end());
    else response.writeHead(200, { 'content-type': 'text/html' }).end(page(seekSeconds));
  });
  const url = await listenOnLoopback(server);
  const browser = new Child('chromium', [...CHROMIUM_ARGUMENTS, `--user-data-dir=${profile}`, url]);
  const timer = setTimeout(() => done.reject(new Error(`no answer: ${browser.output}`)), 30_000);
  try {
    const found = JSON.parse(await done.promise) as Playback & { readonly error?: string };
    if (found.error !== undefined) throw new Error(found.error);
    return found;
  } finally {
    clearTimeout(timer);
    await browser.stop();
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
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

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
