import type { Room } from '../typescript/client.ts';
import { clockText } from './format.ts';

export type RoomRecording = Room['recordings'][number];

/** A part in its room's time; `left` and `width` are shares of the whole. */
export interface Bar {
  readonly part: number;
  readonly left: number;
  readonly width: number;
  /** In words. */
  readonly says: string;
}

export interface RoomRow {
  readonly recording: RoomRecording;
  readonly bars: readonly Bar[];
  readonly recordedMs: number;
}

/** A room's recordings in wall-clock time, whoever came first at the top. What is being recorded goes to `nowMs`. */
export function roomRows(
  { recordings }: Pick<Room, 'recordings'>,
  nowMs: number,
): { readonly rows: readonly RoomRow[]; readonly startMs: number; readonly endMs: number } {
  const placed = recordings.map((recording) => {
    const parts = recording.parts.flatMap(({ part, startTime, endTime, status }) => {
      if (startTime === undefined) return [];
      const fromMs = Date.parse(startTime);
      const toMs = endTime === undefined ? (status === 'recording' ? nowMs : fromMs) : Date.parse(endTime);
      return [{ part, fromMs, toMs: Math.max(fromMs, toMs) }];
    });
    return { recording, parts, firstMs: parts[0]?.fromMs ?? Date.parse(recording.requestedAt) };
  });
  const all = placed.flatMap(({ parts }) => parts);
  const startMs = Math.min(...all.map(({ fromMs }) => fromMs), ...(all.length === 0 ? [nowMs] : []));
  const endMs = Math.max(startMs, ...all.map(({ toMs }) => toMs));
  const wholeMs = Math.max(1, endMs - startMs);
  const rows = placed
    .toSorted((a, b) => a.firstMs - b.firstMs)
    .map(({ recording, parts }) => ({
      recording,
      recordedMs: parts.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
      bars: parts.map(({ part, fromMs, toMs }) => ({
        part,
        left: (fromMs - startMs) / wholeMs,
        width: (toMs - fromMs) / wholeMs,
        says: `part ${part}, ${clockText(fromMs)} to ${clockText(toMs)}`,
      })),
    }));
  return { rows, startMs, endMs };
}
