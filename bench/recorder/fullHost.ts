import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_TYPES } from '../../functions/core/events/published.ts';
import { startRuntime } from '../../infra/local/runtime.ts';
import { waitFor } from '../../test/support/children.ts';
import { type Benchmark, median } from '../report.ts';
import { FlvClip, hd } from './flvClip.ts';
import { RtmpSource } from './rtmpSource.ts';
import { call } from './runtimeCalls.ts';

/** Of 0.5 Mbit/s: what is measured is how much goes on, and not how many bytes. */
const CLIP = hd(0.5);
const RECORDED_MS = 10_000;
const AIM_STOP_MS = 1_000;
const AIM_ALL_MS = 5_000;
const POLL_MS = 10;

/** A host with 20 recordings: all asked for at once, then stopped one by one while the others go on. */
export const fullHost: Benchmark = {
  name: 'a full host: starts at once, stops one by one',
  async run({ quick }) {
    const count = quick ? 5 : 20;
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-full-'));
    const startedAt = new Map<unknown, number>();
    const availableAt = new Map<unknown, number>();
    const runtime = await startRuntime({
      dataDir: path.join(folder, 'data'),
      ingest: false,
      hosts: 1,
      onEvent: ({ 'detail-type': type, detail }) => {
        if (type === EVENT_TYPES.recordingStarted) startedAt.set(detail.recordingId, performance.now());
        if (type === EVENT_TYPES.recordAvailable) availableAt.set(detail.recordingId, performance.now());
      },
    });
    const source = await RtmpSource.start(await FlvClip.make(CLIP), folder);
    try {
      const sessions = Array.from({ length: count }, (_, i) => `full${i}`);
      for (const name of sessions)
        await call(runtime, 'PUT', `/streams/${name}`, { name, sourceUrl: source.url });
      const askedAt = performance.now();
      const ids = await Promise.all(
        sessions.map(async (mediaSessionId) => {
          const answer = await call(runtime, 'POST', '/rest-api/stream/startRecording', { mediaSessionId });
          return answer.recordingId;
        }),
      );
      const answeredMs = performance.now() - askedAt;
      const at = (times: ReadonlyMap<unknown, number>, id: string | undefined) =>
        waitFor('the event', () => times.get(id), { everyMs: POLL_MS });
      const recordingMs = Math.max(...(await Promise.all(ids.map((id) => at(startedAt, id))))) - askedAt;
      await delay(RECORDED_MS);
      const stops: number[] = [];
      for (const [i, mediaSessionId] of sessions.entries()) {
        const stoppedAt = performance.now();
        await call(runtime, 'POST', '/rest-api/stream/stopRecording', { mediaSessionId });
        stops.push((await at(availableAt, ids[i])) - stoppedAt);
      }
      return [
        { name: `${count} starts at once, the last answer`, value: answeredMs, unit: 'ms' },
        { name: `${count} starts at once, all recording`, value: recordingMs, unit: 'ms', aim: AIM_ALL_MS },
        {
          name: `a stop on a host of ${count}, record in the library, worst`,
          value: Math.max(...stops.slice(1)),
          unit: 'ms',
          aim: AIM_STOP_MS,
          detail: `median ${median(stops).toFixed(0)} ms; the first, whose functions begin, ${(stops[0] ?? 0).toFixed(0)} ms`,
        },
      ];
    } finally {
      await source.close();
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
