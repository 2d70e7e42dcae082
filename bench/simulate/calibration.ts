import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../report.ts';
import { type CpuByKind, cpuByKind } from './processTree.ts';

/** They say what one start takes, one after the other. */
const STARTS = 5;
/** What comes after a first frame has come by then: first pictures, and `launch`, which looks after three seconds. */
const AFTER_MS = 5_000;
/** What has begun compiles and settles for so long. */
const SETTLE_MS = 10_000;
const STEADY_MS = 10_000;

/** What a start takes alone, and what goes on all the time. CPU is of what a first frame waits for. */
export interface Calibration {
  readonly latencyMs: number;
  readonly cpu: Omit<CpuByKind, 'pictures' | 'all'>;
  /** In workers, until it was claimed. */
  readonly claimCpuMs: number;
  /** Later, whoever used it, without pictures. */
  readonly afterCpuMs: number;
  readonly picturesCpuMs: number;
  readonly bootCpuMs: number;
  readonly steadyCores: number;
  /** Cores of what has begun before, hosts and workers included: nothing else gets them. */
  readonly takenCores: number;
}

/**
 * @param start one more recording. @returns milliseconds until its first frame
 * @param usedAtClaim what had been used when the last one was claimed
 */
export async function calibrate(
  { hosts, environments }: { readonly hosts: number; readonly environments: number },
  start: () => Promise<number>,
  usedAtClaim: () => CpuByKind | undefined,
): Promise<Calibration> {
  // Each host has a worker that has begun, and nothing else.
  await delay(SETTLE_MS);
  const bootCpuMs = cpuByKind().workers / hosts;
  // The environments of functions begin too.
  await Promise.all(Array.from({ length: environments }, start));
  await delay(SETTLE_MS);
  // What hosts and workers do for whatever they carry is in both: what is more is the recordings'.
  const few = await rate();
  const seen: { latencyMs: number; spent: CpuByKind; claim: number; allOf: CpuByKind; wholeMs: number }[] =
    [];
  for (let n = 0; n < STARTS; n++) {
    const from = cpuByKind();
    const began = performance.now();
    const latencyMs = await start();
    const spent = differenceOf(cpuByKind(), from);
    const claim = (usedAtClaim() ?? from).workers - from.workers;
    await delay(AFTER_MS);
    const wholeMs = performance.now() - began;
    seen.push({ latencyMs, spent, claim, allOf: differenceOf(cpuByKind(), from), wholeMs });
  }
  await delay(SETTLE_MS);
  const more = await rate();
  // What went on besides the n-th of them, per millisecond.
  const besides = (kind: keyof CpuByKind, n: number): number =>
    few[kind] + ((more[kind] - few[kind]) * n) / STARTS;
  const of = (kind: keyof CpuByKind): number =>
    Math.max(0, median(seen.map(({ spent, latencyMs }, n) => spent[kind] - besides(kind, n) * latencyMs)));
  const cpu = {
    services: of('services'),
    functions: of('functions'),
    supervisors: of('supervisors'),
    workers: of('workers'),
    ffmpegs: of('ffmpegs'),
  };
  const inAll = (kind: keyof CpuByKind): number =>
    Math.max(0, median(seen.map(({ allOf, wholeMs }, n) => allOf[kind] - besides(kind, n) * wholeMs)));
  const picturesCpuMs = inAll('pictures');
  const path = Object.values(cpu).reduce((sum, one) => sum + one, 0);
  return {
    latencyMs: median(seen.map(({ latencyMs }) => latencyMs)),
    cpu,
    claimCpuMs: Math.min(cpu.workers, median(seen.map(({ claim }) => claim))),
    afterCpuMs: Math.max(0, inAll('all') - picturesCpuMs - path),
    picturesCpuMs,
    bootCpuMs,
    steadyCores: Math.max(0, more.all - few.all) / STARTS,
    takenCores: more.all,
  };
}

/** Cores that each kind uses at present. */
async function rate(): Promise<CpuByKind> {
  const [from, began] = [cpuByKind(), performance.now()];
  await delay(STEADY_MS);
  const ms = performance.now() - began;
  const went = differenceOf(cpuByKind(), from);
  return {
    services: went.services / ms,
    functions: went.functions / ms,
    supervisors: went.supervisors / ms,
    workers: went.workers / ms,
    ffmpegs: went.ffmpegs / ms,
    pictures: went.pictures / ms,
    all: went.all / ms,
  };
}

function differenceOf(now: CpuByKind, before: CpuByKind): CpuByKind {
  return {
    services: now.services - before.services,
    functions: now.functions - before.functions,
    supervisors: now.supervisors - before.supervisors,
    workers: now.workers - before.workers,
    ffmpegs: now.ffmpegs - before.ffmpegs,
    pictures: now.pictures - before.pictures,
    all: now.all - before.all,
  };
}
