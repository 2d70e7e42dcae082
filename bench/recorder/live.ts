import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';
import { LivePlaying } from '../../functions/playback/live.ts';
import { startRuntime } from '../../infra/local/runtime.ts';
import { CHROMIUM_ARGUMENTS } from '../../test/support/browser.ts';
import { waitFor } from '../../test/support/children.ts';
import { type Benchmark, type Measurement, median } from '../report.ts';
import { ClipSource } from './clipSource.ts';
import { describeCalls } from './cost.ts';
import { FlvClip, HD_4_MBIT } from './flvClip.ts';
import { type Calls, RecorderPlace } from './place.ts';
import { cpuSeconds } from './processes.ts';
import { call } from './runtimeCalls.ts';

const HLS = path.resolve(import.meta.dirname, '../../node_modules/hls.js/dist/hls.min.js');
const AIM_FIRST_FRAME_MS = 8_000;
const AIM_WATCHED = 1.1;
const SETTLE_MS = 10_000;
const RELOADED_EVERY_MS = 2_000;

/** From the call that starts a recording to its first picture in a page. */
export const firstLiveFrame: Benchmark = {
  name: 'live: start to first frame in Chromium',
  async run({ quick }) {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-live-'));
    const runtime = await startRuntime({ dataDir: path.join(folder, 'data'), ingest: false });
    const source = await ClipSource.start(await FlvClip.make(HD_4_MBIT), { speed: 1 });
    const browser = await puppeteer.launch({
      ...{ executablePath: '/usr/bin/chromium', args: CHROMIUM_ARGUMENTS },
      userDataDir: path.join(folder, 'profile'),
    });
    try {
      const page = await browser.newPage();
      const lasts: number[] = [];
      for (let run = 0; run < (quick ? 1 : 3); run++) {
        await page.setContent('<video muted></video>');
        await page.addScriptTag({ path: HLS });
        const startedAt = performance.now();
        const { recordingId = '' } = await call(runtime, 'POST', '/recordings', { sourceUrl: source.url });
        const url = await waitFor(
          'the link',
          async () => {
            const answer = await fetch(`${runtime.apiUrl}/recordings/${recordingId}`);
            const { play } = (await answer.json()) as { play?: { hls?: { url: string } } };
            return play?.hls?.url;
          },
          { everyMs: 100 },
        );
        await page.evaluate(`new Promise((resolve) => {
          const video = document.querySelector('video');
          const hls = new Hls({ enableWorker: false });
          hls.loadSource(${JSON.stringify(url)});
          hls.attachMedia(video);
          video.requestVideoFrameCallback(resolve);
          void video.play();
        })`);
        lasts.push(performance.now() - startedAt);
        await call(runtime, 'POST', `/recordings/${recordingId}/stop`);
      }
      return [
        { name: 'start to first live frame', value: median(lasts), unit: 'ms', aim: AIM_FIRST_FRAME_MS },
      ];
    } finally {
      await browser.close();
      await source.close();
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** What it costs a recorder that its recording can be watched, and that it is. */
export const watched: Benchmark = {
  name: 'live: a recording that is watched, and one that is not',
  async run({ quick }) {
    const seconds = quick ? 20 : 60;
    const place = await RecorderPlace.start();
    const source = await ClipSource.start(await FlvClip.make(HD_4_MBIT), { speed: 1 });
    const callsOf = async (): Promise<Calls> => {
      const before = await place.calls();
      await delay(seconds * 1_000);
      const after = await place.calls();
      return Object.fromEntries(
        Object.entries(after).map(([name, n]) => [name, ((n - (before[name] ?? 0)) * 60) / seconds]),
      );
    };
    try {
      const off = await place.record(source.url, { liveWindowMs: 0 });
      await delay(SETTLE_MS);
      const callsOff = await callsOf();
      await off.stop();
      const [alone, beside] = [await place.record(source.url), await place.record(source.url)];
      await delay(SETTLE_MS);
      const callsOn = await callsOf();
      const end = new AbortController();
      const viewer = watch(place, beside.recordingId, end.signal);
      await delay(SETTLE_MS);
      const before = [alone, beside].map(({ pid }) => cpuSeconds(pid));
      await delay(seconds * 1_000);
      const [unwatched = 1, own = 1] = [alone, beside].map(
        ({ pid }, n) => cpuSeconds(pid) - (before[n] ?? 0),
      );
      end.abort();
      await viewer;
      await Promise.all([alone.stop(), beside.stop()]);
      return [
        requests(callsOn, callsOff),
        {
          ...{ name: 'own CPU, watched', value: own / unwatched, unit: '×', aim: AIM_WATCHED },
          baseline: 'the same beside it that nobody watches',
        },
      ];
    } finally {
      await source.close();
      await place.close();
    }
  },
};

/** As a function answers a player. */
async function watch(place: RecorderPlace, recordingId: string, signal: AbortSignal): Promise<void> {
  const playing = new LivePlaying({ s3: place.client, store: place.store, nowMs: Date.now });
  while (!signal.aborted) {
    await playing.list(recordingId);
    await delay(RELOADED_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Of two that can be watched, and of one that cannot. */
function requests(two: Calls, off: Calls): Measurement {
  const sum = (calls: Calls): number => Object.values(calls).reduce((total, n) => total + n, 0);
  return {
    ...{ name: 'requests to S3, not watched', value: sum(two) / 2 / sum(off), unit: '×', aim: 1 },
    baseline: 'liveWindowMs 0',
    detail: `a minute of one: ${describeCalls(Object.fromEntries(Object.entries(two).map(([name, n]) => [name, n / 2])))}`,
  };
}
