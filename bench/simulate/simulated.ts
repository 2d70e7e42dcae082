export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

/** What came of a scenario. */
export interface Simulated {
  /** Each start that was asked for ends as one of the two others. */
  readonly starts: { readonly asked: number; readonly recorded: number; readonly givenUp: number };
  readonly hosted: number;
  readonly dedicated: number;
  /** From the call to the first frame, of those that were recorded. */
  readonly startLatencyMs: Spread;
  /** Calls of the API that had no concurrency left, and came again. */
  readonly apiThrottled: number;
  readonly runTask: { readonly calls: number; readonly refused: number };
  readonly launchQueueAgeMs: Spread;
  readonly parts: { readonly closed: number; readonly moved: number };
  /** From the end of a part to its record in the library. */
  readonly moveAgeMs: Spread;
  readonly hostsMost: number;
  readonly tasksMost: number;
  readonly vcpusMost: number;
  readonly lambdaMost: number;
  readonly s3: { readonly peakWritesPerSecond: number; readonly longestWaitMs: number };
  readonly hours: { readonly hosted: number; readonly dedicated: number; readonly hosts: number };
  readonly writes: number;
  readonly reads: number;
}

export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { median: 0, p99: 0, most: 0 };
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { median: at(0.5), p99: at(0.99), most: at(1) };
}
