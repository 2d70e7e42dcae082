import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_TYPES } from '../../functions/core/events/published.ts';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { waitFor } from '../../test/support/children.ts';
import { type Benchmark, type Measurement, median } from '../report.ts';
import { FlvClip, HD_4_MBIT } from './flvClip.ts';
import { RtmpSource } from './rtmpSource.ts';
import { call, watchLanding } from './runtimeCalls.ts';
import { TsSource } from './tsSource.ts';

const SECOND_OF_FRAMES = 25;
/** Functions and host have their code loaded and compiled after so many. */
const WARM_UP = 3;
/** One start after the other falls on another place between two keyframes. */
const STEP_MS = 137;
const POLL_MS = 5;
const S3_LATER_MS = 25;
const LAUNCH_MS = 30_000;
const AIMS = { medianMs: 1_000, worstMs: 1_500, laterMs: 1_500, tsMs: 1_500, launching: 1.2 };

/** From the call that starts to the first media in landing, where a host waits for recordings. */
export const warmStart: Benchmark = {
  name: 'a warm host: start to first media',
  async run({ quick }) {
    const [many, few] = quick ? [5, 3] : [50, 15];
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-warm-'));
    const available = new Set<unknown>();
    const runtime = await startRuntime({
      dataDir: path.join(folder, 'data'),
      ingest: false,
      hosts: 1,
      onEvent: ({ 'detail-type': type, detail }) => {
        if (type === EVENT_TYPES.recordAvailable) available.add(detail.recordingId);
      },
    });
    const clip = await FlvClip.make({ ...HD_4_MBIT, framesPerKeyframe: SECOND_OF_FRAMES });
    const rtmp = await RtmpSource.start(clip, folder);
    const ts = await TsSource.start(clip);
    const starts = async (url: string, count: number): Promise<readonly number[]> => {
      const took: number[] = [];
      for (let i = 0; i < count; i++) {
        await delay((i * STEP_MS) % 1_000);
        took.push(await start(runtime, available, url));
      }
      return took;
    };
    try {
      await starts(rtmp.url, WARM_UP);
      const plain = await starts(rtmp.url, many);
      runtime.faults.s3.add({
        service: 's3',
        times: Number.POSITIVE_INFINITY,
        action: { kind: 'delay', delayMs: S3_LATER_MS },
      });
      const later = await starts(rtmp.url, few);
      runtime.faults.s3.clear();
      runtime.simulation.launchDelayMs = LAUNCH_MS;
      const launching = await starts(rtmp.url, few);
      runtime.simulation.launchDelayMs = 0;
      const fromTs = await starts(ts.url, few);
      const rows: Measurement[] = [
        row('RTMP', plain, AIMS.medianMs),
        { name: `RTMP, the worst of ${many}`, value: Math.max(...plain), unit: 'ms', aim: AIMS.worstMs },
        row(`RTMP, each request to S3 ${S3_LATER_MS} ms later`, later, AIMS.laterMs),
        {
          name: `RTMP, while a task takes ${LAUNCH_MS / 1000} s to launch`,
          value: median(launching) / median(plain),
          unit: '×',
          baseline: 'without',
          aim: AIMS.launching,
          detail: shown(launching),
        },
        row('MPEG-TS over HTTP, joined anywhere', fromTs, AIMS.tsMs),
      ];
      return rows;
    } finally {
      await Promise.all([rtmp.close(), ts.close()]);
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

let sessions = 0;

/** @returns in ms. The recording has ended when this settles. */
async function start(runtime: Runtime, available: ReadonlySet<unknown>, url: string): Promise<number> {
  const session = `warm${++sessions}`;
  await call(runtime, 'PUT', `/streams/${session}`, { name: session, sourceUrl: url });
  const seen = watchLanding(runtime);
  try {
    const startedAt = performance.now();
    const { recordingId } = await call(runtime, 'POST', '/rest-api/stream/startRecording', {
      mediaSessionId: session,
    });
    const firstMediaAt = await waitFor('media in landing', () => seen.firstMediaAt, { everyMs: POLL_MS });
    await call(runtime, 'POST', '/rest-api/stream/stopRecording', { mediaSessionId: session });
    await waitFor('the record', () => available.has(recordingId) || undefined, { everyMs: POLL_MS });
    return firstMediaAt - startedAt;
  } finally {
    seen.end();
  }
}

const row = (name: string, took: readonly number[], aim: number): Measurement => ({
  name: `${name}, median`,
  value: median(took),
  unit: 'ms',
  aim,
  detail: shown(took),
});

const shown = (took: readonly number[]): string =>
  `${took.length}: ${Math.min(...took).toFixed(0)} to ${Math.max(...took).toFixed(0)} ms`;
