import path from 'node:path';
import type { Page } from 'puppeteer-core';

const HLS = path.resolve(import.meta.dirname, '../../node_modules/hls.js/dist/hls.min.js');

/** What a page found out while it played something to its end. */
export interface Played {
  readonly error: string | undefined;
  readonly durationSeconds: number;
  readonly endedAtSeconds: number;
  readonly waits: number;
  /** How much later the beeps were heard than the flashes were seen, in milliseconds; empty without sound. */
  readonly lateMs: readonly number[];
  /** Where it was, and whether it went on, after it was sought back from its end. */
  readonly afterSeekSeconds: number;
}

/** In the page: `play` one address, by hls.js or as it is. */
const PROGRAM = `
const on = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
async function play(url, isHls, stop) {
  document.body.innerHTML = '<video crossorigin="anonymous" playsinline></video>';
  const video = document.querySelector('video');
  const context = new AudioContext();
  await context.resume();
  let error;
  video.addEventListener('error', () => (error ??= video.error?.message ?? 'error'));
  let waits = 0;
  video.addEventListener('waiting', () => (waits += 1));
  const source = context.createMediaElementSource(video);
  const listener = context.createScriptProcessor(256, 2, 1);
  source.connect(listener);
  listener.connect(context.destination);
  const [beeps, flashes] = [[], []];
  let quiet = 0;
  listener.onaudioprocess = ({ inputBuffer, playbackTime }) => {
    const samples = inputBuffer.getChannelData(0);
    const loud = samples.findIndex((one) => Math.abs(one) > 0.2);
    if (loud === -1) quiet += 1;
    else {
      // Of a beep the first loud sample, in the time of what is played.
      if (quiet > 40) beeps.push(video.currentTime + (loud - samples.length) / context.sampleRate);
      quiet = 0;
    }
  };
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  let wasBright = false;
  const look = (_now, { mediaTime }) => {
    canvas.drawImage(video, 0, 0, 1, 1);
    const isBright = canvas.getImageData(0, 0, 1, 1).data[0] > 125;
    if (isBright && !wasBright) flashes.push(mediaTime);
    wasBright = isBright;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  let hls;
  if (isHls) {
    hls = new Hls({ enableWorker: false });
    hls.on(Hls.Events.ERROR, (_event, data) => { if (data.fatal) error ??= data.details + ' ' + data.error?.message; });
    hls.loadSource(url);
    hls.attachMedia(video);
  } else video.src = url;
  const ended = on(video, 'ended');
  void video.play().catch((reason) => (error ??= String(reason)));
  await on(video, 'playing');
  const failed = (async () => { while (error === undefined) await new Promise((r) => setTimeout(r, 200)); })();
  await Promise.race([ended, failed]);
  const endedAtSeconds = video.currentTime;
  const durationSeconds = video.duration;
  let afterSeekSeconds = 0;
  if (error === undefined) {
    video.currentTime = 3;
    await on(video, 'seeked');
    await video.play();
    while (video.currentTime < 3.5 && error === undefined) await new Promise((r) => setTimeout(r, 50));
    afterSeekSeconds = video.currentTime;
  }
  video.pause();
  hls?.destroy();
  await context.close();
  const lateMs = flashes.filter((at) => at > 0.5).flatMap((flash) => {
    const beep = beeps.find((at) => Math.abs(at - flash) < 0.95);
    return beep === undefined ? [] : [1000 * (beep - flash)];
  });
  return { error, durationSeconds, endedAtSeconds, waits, lateMs, afterSeekSeconds };
}
`;

/** Plays to the end, and goes back. */
export async function playInPage(page: Page, url: string, isHls: boolean): Promise<Played> {
  await page.setContent('<body></body>');
  await page.addScriptTag({ path: HLS });
  await page.addScriptTag({ content: PROGRAM });
  return (await page.evaluate(`play(${JSON.stringify(url)}, ${isHls})`)) as Played;
}

/** The tiles that a storyboard names, scrubbed: how bright each is, from 0 to 255. */
export async function scrubInPage(page: Page, url: string): Promise<{ at: string; bright: number }[]> {
  await page.setContent('<body></body>');
  return (await page.evaluate(`(async () => {
    const list = await (await fetch(${JSON.stringify(url)})).text();
    const cues = [...list.matchAll(/(\\S+) --> \\S+\\n(\\S+)#xywh=(\\d+),(\\d+),(\\d+),(\\d+)/g)];
    const found = [];
    for (const [, at, name, ...place] of cues) {
      const image = new Image();
      image.crossOrigin = 'anonymous';
      image.src = new URL(name, ${JSON.stringify(url)});
      await image.decode();
      const [x, y, width, height] = place.map(Number);
      const canvas = new OffscreenCanvas(1, 1).getContext('2d');
      canvas.drawImage(image, x, y, width, height, 0, 0, 1, 1);
      found.push({ at, bright: canvas.getImageData(0, 0, 1, 1).data[0] });
    }
    return found;
  })()`)) as { at: string; bright: number }[];
}
