/** One measured number, as a ratio against a baseline of the same run where there is one. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What `value` is a ratio of: `ffmpeg -c copy to a file`. */
  readonly baseline?: string;
  /** The most that it should be. */
  readonly aim?: number;
  readonly detail?: string;
}

export interface Benchmark {
  readonly name: string;
  /** In CI: `quick` measures less, the same things. */
  readonly run: (options: { readonly quick: boolean }) => Promise<readonly Measurement[]>;
}

/** A line a measurement: value, aim, whether it was met. Aims are aims: these machines are shared and noisy. */
export function line({ name, value, unit, baseline, aim, detail }: Measurement): string {
  const shown = `${formatted(value)} ${unit}${baseline === undefined ? '' : ` of ${baseline}`}`;
  const verdict = aim === undefined ? '' : `  aim ${formatted(aim)}: ${value <= aim ? 'met' : 'NOT MET'}`;
  return `  ${name.padEnd(52)} ${shown.padEnd(34)}${verdict}${detail === undefined ? '' : `  (${detail})`}`;
}

function formatted(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** How long something takes, in milliseconds. */
export async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The middle one: a single slow run says nothing here. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1 + (sorted.length % 2)], sorted[middle]];
  return (low + high) / 2;
}
