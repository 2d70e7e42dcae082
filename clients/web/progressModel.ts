import type { Part, Recording } from '../typescript/client.ts';
import { History, type Sample } from './history.ts';

/** How a recording went at a heartbeat of its recorder. */
export interface ProgressSample extends Sample {
  readonly bitrateBps: number;
  /** Age of the oldest byte that was not saved. */
  readonly unsavedMs: number;
}

const history = new History<ProgressSample>();

/** Keeps what is told of it, for graphs on every screen. */
export function noteProgress(recording: Recording): Recording {
  const { recordingId, progress } = recording;
  if (progress !== undefined) {
    const { at, bitrateBps, tailAgeMs } = progress;
    history.note(recordingId, { atMs: Date.parse(at), bitrateBps, unsavedMs: tailAgeMs });
  }
  return recording;
}

export const progressOf = (recordingId: string): readonly ProgressSample[] => history.of(recordingId);

/** No value: undefined where another line has one, null where nothing was told, so that no line is drawn across. */
export type Value = number | null | undefined;

/** Lines over the same times, in their order. */
export interface ProgressTable {
  readonly atMs: readonly number[];
  readonly bitrateBps: readonly Value[];
  readonly partBitrateBps: readonly Value[];
  readonly unsavedMs: readonly Value[];
}

/** Longer than heartbeats are apart. */
const SILENCE_MS = 60_000;

type Row = { readonly atMs: number } & Partial<
  Record<'bitrateBps' | 'partBitrateBps' | 'unsavedMs', number | null>
>;

/** What was told while the page was open, and the mean of each part, which the API tells for as long as there is the recording. */
export function progressTable(samples: readonly ProgressSample[], parts: readonly Part[]): ProgressTable {
  const told = samples.flatMap((sample, index): Row[] => {
    const before = samples[index - 1];
    const wasSilent = before !== undefined && sample.atMs - before.atMs > SILENCE_MS;
    const silence = wasSilent ? [{ atMs: before.atMs + 1, bitrateBps: null, unsavedMs: null }] : [];
    return [...silence, sample];
  });
  const rows = [...parts.flatMap(meanOf), ...told].sort((a, b) => a.atMs - b.atMs);
  return {
    atMs: rows.map(({ atMs }) => atMs),
    bitrateBps: rows.map((row) => row.bitrateBps),
    partBitrateBps: rows.map((row) => row.partBitrateBps),
    unsavedMs: rows.map((row) => row.unsavedMs),
  };
}

/** Level from its first frame to its last, and no line to the next part. */
function meanOf({ startTime, durationMs, bytes }: Part): Row[] {
  if (startTime === undefined || bytes === undefined || durationMs === undefined || durationMs <= 0)
    return [];
  const fromMs = Date.parse(startTime);
  const partBitrateBps = (bytes * 8_000) / durationMs;
  return [
    { atMs: fromMs, partBitrateBps },
    { atMs: fromMs + durationMs, partBitrateBps },
    { atMs: fromMs + durationMs, partBitrateBps: null },
  ];
}

/** The least and the most of a line in words, for who does not see it; undefined where there is none. */
export function rangeText(values: readonly Value[], say: (value: number) => string): string | undefined {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === 0) return undefined;
  const [least, most] = [say(Math.min(...numbers)), say(Math.max(...numbers))];
  return least === most ? least : `${least} to ${most}`;
}
