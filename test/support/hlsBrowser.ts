import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listenOnLoopback } from '../../infra/emulators/shared/loopback.ts';
import { CHROMIUM_ARGUMENTS } from './browser.ts';
import { Child } from './children.ts';

/** What a page of ours found out about a stream. */
export interface HlsPlayback {
  readonly durationSeconds: number;
  /** The burnt-in numbers of the frames that were shown after each seek. */
  readonly frames: readonly number[];
  /** How far it played in 3 s from 16.5 s on. */
  readonly advancedSeconds: number;
  readonly hasEnded: boolean;
  /** What hls.js could not mend. */
  readonly errors: readonly string[];
}

const BITS = 16;
const WAIT_MS = 75_000;

const page = (url: string, seekSeconds: readonly number[]): string => `<!doctype html>
<video id="v" muted></video>
<script type="module">
import Hls from '/hls.js';
const video = document.getElementById('v');
const errors = [];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (test, ms = 15000) => {
  for (const end = performance.now() + ms; !test(); await wait(20))
    if (performance.now() > end) throw new Error(\`\${test} at \${video.currentTime}: \${errors}\`);
};
function counter() {
  const canvas = document.createElement('canvas');
  canvas.width = ${BITS};
  canvas.height = 1;
  const context = canvas.getContext('2d');
  context.imageSmoothingEnabled = false;
  let value = 0;
  for (let bit = 0; bit < ${BITS}; bit++) {
    context.drawImage(video, (bit + 0.5) * (video.videoWidth / ${BITS}), 8, 1, 1, bit, 0, 1, 1);
    if (context.getImageData(bit, 0, 1, 1).data[0] > 125) value += 2 ** bit;
  }
  return value;
}
try {
  const hls = new Hls({ enableWorker: false });
  hls.on(Hls.Events.ERROR, (_event, { fatal, details }) => fatal && errors.push(details));
  hls.loadSource(${JSON.stringify(url)});
  hls.attachMedia(video);
  await until(() => video.readyState >= 2);
  const frames = [];
  for (const seconds of ${JSON.stringify(seekSeconds)}) {
    video.currentTime = seconds;
    await until(() => !video.seeking && video.readyState >= 2);
    await wait(200);
    frames.push(counter());
  }
  video.currentTime = 16.5;
  await until(() => !video.seeking && video.readyState >= 3);
  await video.play();
  await wait(3000);
  const advancedSeconds = video.currentTime - 16.5;
  video.pause();
  video.currentTime = video.duration - 1.5;
  await until(() => !video.seeking && video.readyState >= 3);
  await video.play();
  await until(() => video.ended);
  const found = { durationSeconds: video.duration, frames, advancedSeconds, hasEnded: video.ended, errors };
  await fetch('/done', { method: 'POST', body: JSON.stringify(found) });
} catch (error) {
  await fetch('/done', { method: 'POST', body: JSON.stringify({ error: String(error) }) });
}
</script>`;

/**
 * Plays a stream in headless Chromium with hls.js, in a page of another origin than the stream's.
 * @param hls hls.js as a module
 * @throws what the page says
 */
export async function playHls(
  url: string,
  hls: Buffer,
  seekSeconds: readonly number[],
): Promise<HlsPlayback> {
  const profile = await mkdtemp(path.join(tmpdir(), 'chromium-'));
  const done = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    if (request.url === '/hls.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(hls);
    else if (request.url === '/done') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        done.resolve(Buffer.concat(chunks).toString());
        response.end();
      });
    } else response.writeHead(200, { 'content-type': 'text/html' }).end(page(url, seekSeconds));
  });
  const address = await listenOnLoopback(server);
  const autoplay = '--autoplay-policy=no-user-gesture-required';
  const browser = new Child('chromium', [
    ...CHROMIUM_ARGUMENTS,
    autoplay,
    `--user-data-dir=${profile}`,
    address,
  ]);
  const timer = setTimeout(() => done.reject(new Error(`no answer: ${browser.output}`)), WAIT_MS);
  try {
    const found = JSON.parse(await done.promise) as HlsPlayback & { readonly error?: string };
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
