import { statfs } from 'node:fs/promises';
import type { Logger } from '@aws-lambda-powertools/logger';
import { hostMetrics } from '../../functions/core/metrics/hostMetrics.ts';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import type { CarriedProgress } from '../../functions/core/state/hostObjects.ts';
import type { HostState } from './hostState.ts';
import { processTreeUsage } from './processTree.ts';
import type { Protection } from './protection.ts';
import type { Room } from './room.ts';
import { usedShare } from './sharedDisk.ts';

export interface PulseOptions {
  readonly hostId: string;
  readonly taskArn: string | undefined;
  readonly state: HostState;
  readonly protection: Protection;
  readonly room: Room;
  /** The disk that is measured. */
  readonly spoolFolder: string;
  readonly carrying: () => { readonly recordings: number; readonly progress: readonly CarriedProgress[] };
  readonly isEnding: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const IDLE_MS = 15_000;
const METRICS_MS = 60_000;
/** S3 takes so little in a few tens of milliseconds. */
const LATE_BEAT_MS = 500;
const LATE_TICK_MS = 3_000;
const LATE_FOR_MS = 10_000;

/** How a host is: it measures itself, and tells it, in one heartbeat of all that it carries. */
export class Pulse {
  readonly #options: PulseOptions;
  #cpu: { readonly atMs: number; readonly cpuMs: number } | undefined;
  #loopDelayMs = 0;
  #toldAtMs = 0;
  #toldRecordings = 0;
  #metricsAtMs = 0;
  #askedAtMs: number | undefined;
  #lateUntilMs = 0;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** A worker's event loop was blocked for so long. */
  delayed(maxMs: number): void {
    this.#loopDelayMs = Math.max(this.#loopDelayMs, maxMs);
  }

  async measure(): Promise<void> {
    const { room, spoolFolder } = this.#options;
    const { cpuMs, memoryBytes } = processTreeUsage(process.pid);
    const diskShare = usedShare(await statfs(spoolFolder));
    const atMs = performance.now();
    const before = this.#cpu ?? { atMs: 0, cpuMs };
    this.#cpu = { atMs, cpuMs };
    const cpuUnits = (1024 * (cpuMs - before.cpuMs)) / (atMs - before.atMs);
    room.measured({ cpuUnits, memoryBytes, diskShare, loopDelayMs: this.#loopDelayMs }, atMs);
    this.#loopDelayMs = 0;
  }

  /** Within the last moments this host, or S3, was too slow to find that others are. */
  get isLate(): boolean {
    return performance.now() < this.#lateUntilMs;
  }

  /** To be called every 2 s; without recordings it tells more seldom. */
  async tell(): Promise<void> {
    const { room, carrying, protection, log } = this.#options;
    const { recordings } = carrying();
    const askedAtMs = performance.now();
    if (askedAtMs - (this.#askedAtMs ?? askedAtMs) > LATE_TICK_MS) this.#late();
    this.#askedAtMs = askedAtMs;
    const nowMs = Date.now();
    if (nowMs - this.#metricsAtMs >= METRICS_MS) {
      this.#metricsAtMs = nowMs;
      log.info('host', hostMetrics(nowMs, { loadPercent: room.loadPercent, recordings }));
    }
    // That it carries none any more is told at once: whoever listens waits for an idle host for longer.
    if (recordings === 0 && this.#toldRecordings === 0 && nowMs - this.#toldAtMs < IDLE_MS) return;
    // Whoever listens does not wait for ECS.
    await Promise.all([this.beat(), recordings > 0 ? protection.keep() : protection.end()]);
  }

  /** Others take a host that does not for gone (./peers.ts). @throws S3's faults */
  async beat(): Promise<void> {
    const { hostId, taskArn, state, room, carrying, isEnding, clock } = this.#options;
    const { recordings, progress } = carrying();
    const atMs = Date.now();
    const full = isEnding() ? 'ending' : room.full(atMs);
    const startedAtMs = performance.now();
    await state.tellStatus({
      hostId,
      atMs: clock.nowMs(),
      recordings,
      progress: [...progress],
      ...(taskArn === undefined ? {} : { taskArn }),
      ...(full === undefined ? {} : { full }),
      usage: room.usage,
    });
    this.#toldAtMs = atMs;
    this.#toldRecordings = recordings;
    if (performance.now() - startedAtMs > LATE_BEAT_MS) this.#late();
  }

  #late(): void {
    this.#lateUntilMs = performance.now() + LATE_FOR_MS;
  }
}
