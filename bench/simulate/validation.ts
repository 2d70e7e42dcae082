import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Runtime, startRuntime } from '../../infra/local/runtime.ts';
import { waitFor } from '../../test/support/children.ts';
import { ClipSource } from '../recorder/clipSource.ts';
import { FlvClip } from '../recorder/flvClip.ts';
import { type Benchmark, median } from '../report.ts';
import { type CpuByKind, cpuByKind } from './processTree.ts';
import { DEFAULT_FLEET, DEFAULT_QUOTAS, DEFAULT_REQUESTS, DEFAULT_TIMES, HOUR_MS } from './scenario.ts';
import { spreadOf } from './simulated.ts';
import { simulate } from './simulation.ts';

const HOSTS = 2;
const RECORDINGS = 50;
/** They say what one start takes, one after the other. */
const CALIBRATIONS = 5;
/** Of each function, as `npm start` has them (infra/local/lambda/functions.ts). */
const ENVIRONMENTS = 4;
const SMALL = { size: '320x180', videoBitsPerSecond: 200_000, audioBitsPerSecond: 64_000 };
const STEADY_MS = 5_000;
const AIM = 0.25;

interface Started {
  readonly latencyMs: number;
  readonly isHosted: boolean;
}

/** What a start takes alone, and what goes on all the time. */
interface Calibration {
  readonly latencyMs: number;
  readonly cpu: CpuByKind;
  /** In workers, until it was claimed. */
  readonly claimCpuMs: number;
  readonly bootCpuMs: number;
  readonly steadyCores: number;
}

/**
 * The simulation against the runtime: it is told what five starts take one after the other, in which processes, and how
 * many cores of this machine, which others use too, the runtime got while it started fifty at once. It says what those
 * fifty take, and so does the runtime.
 */
export const validation: Benchmark = {
  name: 'simulation: 50 starts at once on 2 hosts',
  async run() {
    const folder = await mkdtemp(path.join(tmpdir(), 'bench-simulate-'));
    const source = await ClipSource.start(await FlvClip.make(SMALL), { speed: 1 });
    const runtime = await startRuntime({ dataDir: path.join(folder, 'data'), ingest: false, hosts: HOSTS });
    try {
      const moments = watchMoments(runtime);
      const start = (): Promise<Started> => startOne(runtime, source.url, moments);
      const calibration = await calibrate(start, moments);
      const cpuBefore = cpuByKind().all;
      const began = performance.now();
      const all = await Promise.all(Array.from({ length: RECORDINGS }, start));
      const cores = (cpuByKind().all - cpuBefore) / (performance.now() - began);
      const measured = spreadOf(all.map(({ latencyMs }) => latencyMs));
      const result = simulated(calibration, cores);
      const { startLatencyMs: said } = result;
      const { cpu, latencyMs, bootCpuMs, steadyCores } = calibration;
      const told = `${cores.toFixed(2)} cores; alone ${latencyMs.toFixed(0)} ms, CPU ${cpu.all.toFixed(0)} ms (functions ${cpu.functions.toFixed(0)}, services ${cpu.services.toFixed(0)}, worker ${cpu.workers.toFixed(0)}, ffmpeg ${cpu.ffmpegs.toFixed(0)}), a worker's beginning ${bootCpuMs.toFixed(0)} ms, ${steadyCores.toFixed(3)} cores each afterwards`;
      const hosted = `${result.hosted} against ${all.filter(({ isHosted }) => isHosted).length} on hosts`;
      return [
        {
          name: 'median start latency, simulated and measured differ by',
          value: Math.abs(said.median / measured.median - 1),
          unit: '×',
          aim: AIM,
          detail: `${said.median.toFixed(0)} ms against ${measured.median.toFixed(0)} ms; ${told}`,
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

function simulated(calibration: Calibration, cores: number): ReturnType<typeof simulate> {
  const { latencyMs, cpu, claimCpuMs, bootCpuMs, steadyCores } = calibration;
  return simulate({
    seed: 1,
    load: { recordings: RECORDINGS, overMs: 0, untilMs: HOUR_MS, rotateEveryMs: HOUR_MS },
    fleet: {
      ...DEFAULT_FLEET,
      hosts: { min: HOSTS, max: HOSTS, maxRecordings: 40 },
      hostVcpus: availableParallelism(),
      hostMemoryMb: totalmem() / 1024 ** 2,
      // Less what the first ones take.
      sharedCores: Math.max(cores / 10, cores - steadyCores * (CALIBRATIONS + ENVIRONMENTS)),
      apiAtOnce: ENVIRONMENTS,
      launchesAtOnce: ENVIRONMENTS,
    },
    quotas: DEFAULT_QUOTAS,
    times: {
      ...DEFAULT_TIMES,
      apiMs: 0,
      apiCpuMs: cpu.functions,
      takeMs: 0,
      claimCpuMs,
      bootCpuMs,
      launchMs: 0,
      taskStartMs: 0,
      // A task is one more process of the same program.
      taskBootCpuMs: bootCpuMs,
      ffmpegCpuMs: cpu.ffmpegs,
      startCpuMs: Math.max(0, cpu.workers - claimCpuMs),
      servicesCpuMs: cpu.services / 2,
      startWaitMs: Math.max(0, latencyMs - cpu.all),
      steadyCores,
    },
    requests: DEFAULT_REQUESTS,
  });
}

async function calibrate(start: () => Promise<Started>, moments: Moments): Promise<Calibration> {
  await delay(STEADY_MS);
  // Each host has a worker that has begun, and nothing else.
  const before = cpuByKind();
  const idleFrom = performance.now();
  await delay(STEADY_MS);
  const idleCores = (cpuByKind().all - before.all) / (performance.now() - idleFrom);
  // The environments of functions begin too.
  await Promise.all(Array.from({ length: ENVIRONMENTS }, start));
  const latencies: number[] = [];
  const cpus: CpuByKind[] = [];
  const claims: number[] = [];
  for (let n = 0; n < CALIBRATIONS; n++) {
    const from = cpuByKind();
    latencies.push((await start()).latencyMs);
    cpus.push(differenceOf(cpuByKind(), from));
    claims.push((moments.lastClaim?.workers ?? from.workers) - from.workers);
  }
  const steady = cpuByKind();
  const steadyFrom = performance.now();
  await delay(STEADY_MS);
  const steadyMs = performance.now() - steadyFrom;
  const running = CALIBRATIONS + ENVIRONMENTS;
  const went = differenceOf(cpuByKind(), steady);
  const latencyMs = median(latencies);
  // What went on besides, while one started: half of the calibrated ones were there on average.
  const besides = (latencyMs / steadyMs) * ((ENVIRONMENTS + CALIBRATIONS / 2) / running);
  const of = (kind: keyof CpuByKind): number =>
    Math.max(0, median(cpus.map((cpu) => cpu[kind])) - went[kind] * besides);
  return {
    latencyMs,
    cpu: {
      services: of('services'),
      functions: of('functions'),
      workers: of('workers'),
      ffmpegs: of('ffmpegs'),
      all: of('all'),
    },
    claimCpuMs: median(claims),
    bootCpuMs: before.workers / HOSTS,
    steadyCores: Math.max(0, went.all / steadyMs - idleCores) / running,
  };
}

function differenceOf(now: CpuByKind, before: CpuByKind): CpuByKind {
  return {
    services: now.services - before.services,
    functions: now.functions - before.functions,
    workers: now.workers - before.workers,
    ffmpegs: now.ffmpegs - before.ffmpegs,
    all: now.all - before.all,
  };
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
    timeoutMs: 180_000,
  });
  return { latencyMs: at - calledAt, isHosted: moments.hosted.has(recordingId) };
}

interface Moments {
  /** When each recording opened its first part, which is when it has its first frame. */
  readonly firstFrames: ReadonlyMap<string, number>;
  /** Those that some host carries. */
  readonly hosted: ReadonlySet<string>;
  /** What had been used when the last one was claimed. */
  lastClaim: CpuByKind | undefined;
}

/** Seen by what is written into S3. */
function watchMoments({ faults }: Runtime): Moments {
  const firstFrames = new Map<string, number>();
  const hosted = new Set<string>();
  const moments: Moments = { firstFrames, hosted, lastClaim: undefined };
  const hit = faults.s3.hit.bind(faults.s3);
  faults.s3.hit = (call) => {
    if (call.operation === 'PutObject') see(call.target);
    return hit(call);
  };
  return moments;

  function see(key: string): void {
    const [, carried] = /state\/hosts\/[^/]+\/carries\/(.+?)(?:-\d+)?(?:\.json)?$/.exec(key) ?? [];
    if (carried !== undefined) hosted.add(carried);
    const [, recordingId, what] = /state\/recordings\/([^/]+)\/(.+)$/.exec(key) ?? [];
    if (recordingId === undefined) return;
    if (what === 'attempts/1/claim.json') moments.lastClaim = cpuByKind();
    if (what === 'parts/1/open.json' && !firstFrames.has(recordingId))
      firstFrames.set(recordingId, performance.now());
  }
}
