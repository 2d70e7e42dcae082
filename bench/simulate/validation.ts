import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { waitFor } from '../../test/support/children.ts';
import { ClipSource } from '../recorder/clipSource.ts';
import { FlvClip } from '../recorder/flvClip.ts';
import type { Benchmark } from '../report.ts';
import { seededRandom } from './agenda.ts';
import { type Calibration, calibrate } from './calibration.ts';
import { type Moments, watchMoments } from './moments.ts';
import { cpuByKind } from './processTree.ts';
import { DEFAULT_FLEET, DEFAULT_QUOTAS, DEFAULT_REQUESTS, DEFAULT_TIMES, HOUR_MS } from './scenario.ts';
import { spreadOf } from './simulated.ts';
import { simulate } from './simulation.ts';

const HOSTS = 2;
const RECORDINGS = 50;
/** Of each function, as `npm start` has them (infra/local/lambda/functions.ts). */
const ENVIRONMENTS = 4;
const SMALL = { size: '320x180', videoBitsPerSecond: 200_000, audioBitsPerSecond: 64_000 };
const AIM = 0.25;

interface Started {
  readonly latencyMs: number;
  readonly isHosted: boolean;
}

/** As callers come; and all of them together, which is what a machine of few cores queues. */
export const validations: readonly Benchmark[] = [
  validation('within three minutes', 180_000),
  validation('at once', 0),
];

/**
 * The simulation against the runtime: it is told what five starts take one after the other, in which processes, and how
 * many cores of this machine the runtime could have, and says what fifty take. So does the runtime.
 */
function validation(when: string, overMs: number): Benchmark {
  return {
    name: `simulation: ${RECORDINGS} starts ${when} on ${HOSTS} hosts`,
    async run() {
      const folder = await mkdtemp(path.join(tmpdir(), 'bench-simulate-'));
      const source = await ClipSource.start(await FlvClip.make(SMALL), { speed: 1 });
      const runtime = await startRuntime({
        dataDir: path.join(folder, 'data'),
        ingest: false,
        hosts: HOSTS,
      });
      try {
        const moments = watchMoments(runtime);
        const start = (): Promise<Started> => startOne(runtime, source.url, moments);
        const calibration = await calibrate(
          { hosts: HOSTS, environments: ENVIRONMENTS },
          async () => (await start()).latencyMs,
          () => moments.lastClaim,
        );
        const { all, cores } = await startAll(start, overMs);
        const measured = spreadOf(all.map(({ latencyMs }) => latencyMs));
        const result = simulated(calibration, cores, overMs);
        const said = result.startLatencyMs;
        const hosted = `${result.hosted} against ${all.filter(({ isHosted }) => isHosted).length} on hosts`;
        return [
          {
            name: 'median start latency, simulated and measured differ by',
            value: Math.abs(said.median / measured.median - 1),
            unit: '×',
            aim: AIM,
            detail: `${said.median.toFixed(0)} ms against ${measured.median.toFixed(0)} ms; ${told(calibration, cores)}`,
          },
          {
            name: 'slowest start, simulated and measured differ by',
            value: Math.abs(said.most / measured.most - 1),
            unit: '×',
            aim: AIM,
            detail: `${said.most.toFixed(0)} ms against ${measured.most.toFixed(0)} ms; ${hosted}`,
          },
        ];
      } finally {
        await runtime.close({ graceMs: 0 });
        await source.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** @returns cores that the runtime had: what it used, and what nobody used */
async function startAll(
  start: () => Promise<Started>,
  overMs: number,
): Promise<{ readonly all: readonly Started[]; readonly cores: number }> {
  const random = seededRandom(1);
  const [usedMs, idleMs, began] = [cpuByKind().all, idleCpuMs(), performance.now()];
  const all = await Promise.all(
    Array.from({ length: RECORDINGS }, () => delay(random() * overMs).then(start)),
  );
  const ms = performance.now() - began;
  return { all, cores: (cpuByKind().all - usedMs + idleCpuMs() - idleMs) / ms };
}

const idleCpuMs = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0);

function told(
  { latencyMs, cpu, afterCpuMs, picturesCpuMs, bootCpuMs, steadyCores, takenCores }: Calibration,
  cores: number,
): string {
  const parts = Object.entries(cpu).map(([kind, ms]) => `${kind} ${ms.toFixed(0)}`);
  return `${cores.toFixed(2)} cores; alone ${latencyMs.toFixed(0)} ms, CPU of ${parts.join(', ')}, later ${afterCpuMs.toFixed(0)} ms and ${picturesCpuMs.toFixed(0)} of pictures, a worker's beginning ${bootCpuMs.toFixed(0)} ms, ${steadyCores.toFixed(3)} cores each afterwards, ${takenCores.toFixed(2)} before`;
}

function simulated(calibration: Calibration, cores: number, overMs: number): ReturnType<typeof simulate> {
  const { latencyMs, cpu, claimCpuMs, afterCpuMs, picturesCpuMs, bootCpuMs, steadyCores, takenCores } =
    calibration;
  const { services, functions, supervisors, workers, ffmpegs } = cpu;
  return simulate({
    seed: 1,
    load: { recordings: RECORDINGS, overMs, untilMs: HOUR_MS, rotateEveryMs: HOUR_MS },
    fleet: {
      ...DEFAULT_FLEET,
      hosts: { min: HOSTS, max: HOSTS, maxRecordings: 40 },
      hostVcpus: availableParallelism(),
      hostMemoryMb: totalmem() / 1024 ** 2,
      sharedCores: Math.max(cores / 10, cores - takenCores),
      apiAtOnce: ENVIRONMENTS,
      launchesAtOnce: ENVIRONMENTS,
    },
    quotas: DEFAULT_QUOTAS,
    times: {
      ...DEFAULT_TIMES,
      apiMs: 0,
      apiCpuMs: functions,
      takeMs: 0,
      superviseCpuMs: supervisors,
      claimCpuMs,
      bootCpuMs,
      launchMs: 0,
      taskStartMs: 0,
      // A task is one more process of the same program.
      taskBootCpuMs: bootCpuMs,
      ffmpegCpuMs: ffmpegs,
      startCpuMs: workers - claimCpuMs,
      servicesCpuMs: services / 2,
      startWaitMs: Math.max(0, latencyMs - services - functions - supervisors - workers - ffmpegs),
      afterCpuMs,
      picturesCpuMs,
      steadyCores,
    },
    requests: DEFAULT_REQUESTS,
  });
}

/** From the call to the recorder's first frame. */
async function startOne({ apiUrl }: Runtime, sourceUrl: string, moments: Moments): Promise<Started> {
  const calledAt = performance.now();
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
  const call = (): Promise<Response> =>
    fetch(`${apiUrl}/recordings`, { method: 'POST', headers, body: JSON.stringify({ sourceUrl }) });
  let answer = await call();
  // A crowded machine takes longer than API Gateway waits.
  while (answer.status === 503) {
    await answer.arrayBuffer();
    answer = await call();
  }
  if (!answer.ok) throw new Error(`a start was answered ${answer.status}: ${await answer.text()}`);
  const { recordingId } = (await answer.json()) as { readonly recordingId: string };
  const at = await waitFor('the first frame', () => moments.firstFrames.get(recordingId), {
    everyMs: 20,
    timeoutMs: 300_000,
  });
  return { latencyMs: at - calledAt, isHosted: moments.hosted.has(recordingId) };
}
