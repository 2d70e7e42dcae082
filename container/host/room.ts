/**
 * Whether a host takes another recording. All limits are here. They leave room for what its recordings do next: a
 * burst of the source, a part that is finished, S3 that comes back after it was away.
 */
const LIMITS = {
  cpuShare: 0.7,
  memoryShare: 0.75,
  /** Of the disk that the spool is on. */
  diskShare: 0.8,
  /** An event loop that is blocked for longer reads ffmpeg's output too late. */
  loopDelayMs: 250,
} as const;

/**
 * Of CPU and of the event loop the least of so many measures counts. Recordings that begin take several times what they take
 * later: twenty at once would shut out the last of them, for which tasks were then launched onto the same CPU.
 */
const MEASURES = 3;

/** More than that, for so long, and recordings are handed over, the newest first; disk is shared otherwise (./sharedDisk.ts). */
const OVERLOADED = { cpuShare: 0.95, memoryShare: 0.9, forMs: 30_000 } as const;

/** What a recording is expected to take, until it shows in what is measured. */
const EXPECTED = { cpuUnits: 20, memoryBytes: 45 * 1024 * 1024 } as const;
const RESERVED_MS = 60_000;

/** What a host uses, its workers and their ffmpeg included. */
export interface Usage {
  /** Since the measure before, in units of 1/1024 vCPU. */
  readonly cpuUnits: number;
  readonly memoryBytes: number;
  /** From 0 to 1. */
  readonly diskShare: number;
  readonly loopDelayMs: number;
}

export interface Capacity {
  readonly cpuUnits: number;
  readonly memoryBytes: number;
  readonly maxRecordings: number;
}

const NOTHING: Usage = { cpuUnits: 0, memoryBytes: 0, diskShare: 0, loopDelayMs: 0 };
const least = (values: readonly number[]): number => Math.min(...values);

/** Room for recordings: what is measured, and what was promised to those that have just begun. */
export class Room {
  readonly #capacity: Capacity;
  /** The newest first. */
  #measures: readonly Usage[] = [];
  #recordings = 0;
  #overloadedSinceMs: number | undefined;
  /** When each reservation ends. */
  #reservedUntilMs: number[] = [];

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  measured(usage: Usage, nowMs: number): void {
    this.#measures = [usage, ...this.#measures].slice(0, MEASURES);
    const { cpuUnits, memoryBytes } = this.#capacity;
    const isOver =
      usage.cpuUnits > OVERLOADED.cpuShare * cpuUnits ||
      usage.memoryBytes > OVERLOADED.memoryShare * memoryBytes;
    this.#overloadedSinceMs = isOver ? (this.#overloadedSinceMs ?? nowMs) : undefined;
  }

  /** One recording is to go. True once; again when another half minute was no better. */
  mustGiveUpOne(nowMs: number): boolean {
    const sinceMs = this.#overloadedSinceMs;
    if (sinceMs === undefined || nowMs - sinceMs < OVERLOADED.forMs) return false;
    this.#overloadedSinceMs = undefined;
    return true;
  }

  /** A recording was taken: what it will take is kept free for it. */
  taken(nowMs: number): void {
    this.#recordings += 1;
    this.#reservedUntilMs.push(nowMs + RESERVED_MS);
  }

  left(): void {
    this.#recordings -= 1;
  }

  /** As it was measured last. */
  get usage(): Usage {
    return this.#measures[0] ?? NOTHING;
  }

  /** Of its room, what is used: the part of which most is. */
  get loadPercent(): number {
    const { cpuUnits, memoryBytes, maxRecordings } = this.#capacity;
    const { usage } = this;
    const share = Math.max(
      this.#recordings / maxRecordings,
      usage.cpuUnits / (LIMITS.cpuShare * cpuUnits),
      usage.memoryBytes / (LIMITS.memoryShare * memoryBytes),
      usage.diskShare / LIMITS.diskShare,
    );
    return Math.round(100 * share);
  }

  /** @returns why not; undefined where there is room for another one */
  full(nowMs: number): string | undefined {
    this.#reservedUntilMs = this.#reservedUntilMs.filter((untilMs) => untilMs > nowMs);
    const expected = 1 + this.#reservedUntilMs.length;
    const { cpuUnits, memoryBytes, maxRecordings } = this.#capacity;
    const { usage } = this;
    const measures = this.#measures.length === 0 ? [NOTHING] : this.#measures;
    const usedUnits = least(measures.map((measure) => measure.cpuUnits));
    if (this.#recordings >= maxRecordings) return 'maxRecordings';
    if (usedUnits + expected * EXPECTED.cpuUnits > LIMITS.cpuShare * cpuUnits) return 'cpu';
    if (usage.memoryBytes + expected * EXPECTED.memoryBytes > LIMITS.memoryShare * memoryBytes)
      return 'memory';
    if (usage.diskShare > LIMITS.diskShare) return 'disk';
    if (least(measures.map(({ loopDelayMs }) => loopDelayMs)) > LIMITS.loopDelayMs) return 'eventLoop';
    return undefined;
  }
}
