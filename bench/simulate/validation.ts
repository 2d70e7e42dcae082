import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { waitFor } from '../../test/support/children.ts';
import { ClipSource } from '../recorder/clipSource.ts';
import { FlvClip } from '../recorder/flvClip.ts';
import { type Benchmark, median } from '../report.ts';
import { treeCpuSeconds } from './processTree.ts';
import { DEFAULT_FLEET, DEFAULT_QUOTAS, DEFAULT_REQUESTS, DEFAULT_TIMES, HOUR_MS } from './scenario.ts';
import { simulate, spreadOf } from './simulation.ts';

const HOSTS = 2;
const RECORDINGS = 50;
/** They say what one start takes, one after the other. */
const CALIBRATIONS = 5;
const SMALL = { size: '320x180', videoBitsPerSecond: 200_000, audioBitsPerSecond: 64_000 };
const STEADY_MS = 5_000;
const AIM = 0.25;

/**
 * The simulation against the runtime: it is told what five starts take one after the other, and how many cores of this
 * machine, which others use too, the runtime got while it started fifty at once. It says what those fifty take, and so does
 * the runtime.
 */
export const validation: Benchmark = {
  name: 'simulation: 50 starts at once on 2 hosts',
  async run() {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-simulate-'));
    const source = await ClipSource.start(await FlvClip.make(SMALL), { speed: 1 });
    const runtime = await startRuntime({ dataDir: path.join(folder, 'data'), ingest: false, hosts: HOSTS });
    try {
      const first = watchFirstFrames(runtime);
      const start = (): Promise<number> => startOne(runtime, source.url, first);
      // The workers and functions of the first one start too.
      await start();
      const latencies: number[] = [];
      const cpus: number[] = [];
      for (let n = 0; n < CALIBRATIONS; n++) {
        const before = treeCpuSeconds();
        latencies.push(await start());
        cpus.push((treeCpuSeconds() - before) * 1000);
      }
      const steadyFrom = treeCpuSeconds();
      await delay(STEADY_MS);
      const steadyCores = (treeCpuSeconds() - steadyFrom) / (STEADY_MS / 1000) / (CALIBRATIONS + 1);
      const cpuBefore = treeCpuSeconds();
      const began = performance.now();
      const measured = spreadOf(await Promise.all(Array.from({ length: RECORDINGS }, start)));
      const cores = (treeCpuSeconds() - cpuBefore) / ((performance.now() - began) / 1000);

      const startCpuMs = median(cpus) - steadyCores * (CALIBRATIONS / 2 + 1) * median(latencies);
      const { startLatencyMs: simulated } = simulate({
        seed: 1,
        load: { recordings: RECORDINGS, overMs: 0, untilMs: HOUR_MS, rotateEveryMs: HOUR_MS },
        fleet: {
          ...DEFAULT_FLEET,
          hosts: { min: HOSTS, max: HOSTS, maxRecordings: 40 },
          // Less what the first ones take.
          sharedCores: Math.max(cores / 10, cores - steadyCores * (CALIBRATIONS + 1)),
        },
        quotas: DEFAULT_QUOTAS,
        times: {
          ...DEFAULT_TIMES,
          apiMs: 0,
          takeMs: 0,
          launchMs: 0,
          taskStartMs: 0,
          startCpuMs,
          startWaitMs: Math.max(0, median(latencies) - startCpuMs),
          steadyCores,
        },
        requests: DEFAULT_REQUESTS,
      });
      const told = `${cores.toFixed(2)} cores, CPU of a start ${startCpuMs.toFixed(0)} ms, alone ${median(latencies).toFixed(0)} ms`;
      return [
        {
          name: 'median start latency, simulated and measured differ by',
          value: Math.abs(simulated.median / measured.median - 1),
          unit: '×',
          aim: AIM,
          detail: `${simulated.median.toFixed(0)} ms against ${measured.median.toFixed(0)} ms; ${told}`,
        },
        {
          name: 'slowest start, simulated and measured differ by',
          value: Math.abs(simulated.most / measured.most - 1),
          unit: '×',
          aim: AIM,
          detail: `${simulated.most.toFixed(0)} ms against ${measured.most.toFixed(0)} ms`,
        },
      ];
    } finally {
      await runtime.close({ graceMs: 0 });
      await source.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** From the call to the recorder's first frame, in ms. */
async function startOne(
  { apiUrl }: Runtime,
  sourceUrl: string,
  firstFrames: ReadonlyMap<string, number>,
): Promise<number> {
  const calledAt = performance.now();
  const answer = await fetch(`${apiUrl}/recordings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sourceUrl }),
  });
  if (!answer.ok) throw new Error(`a start was answered ${answer.status}: ${await answer.text()}`);
  const { recordingId } = (await answer.json()) as { readonly recordingId: string };
  const at = await waitFor('the first frame', () => firstFrames.get(recordingId), {
    everyMs: 20,
    timeoutMs: 180_000,
  });
  return at - calledAt;
}

/** When each recording opened its first part, which is when it has its first frame. */
function watchFirstFrames({ faults }: Runtime): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  const hit = faults.s3.hit.bind(faults.s3);
  faults.s3.hit = (call) => {
    const [, recordingId] = /state\/recordings\/([^/]+)\/parts\/1\/open\.json$/.exec(call.target) ?? [];
    if (call.operation === 'PutObject' && recordingId !== undefined && !seen.has(recordingId)) {
      seen.set(recordingId, performance.now());
    }
    return hit(call);
  };
  return seen;
}
