import { isoTime, partView, type RecordLinks } from '../api/views.ts';
import { type PartObjects, type RecordingObjects, recordingStatus } from '../state/fold.ts';

/** A recording of a room, and links to its parts. */
export interface RoomRecording {
  readonly objects: RecordingObjects;
  readonly links: ReadonlyMap<number, RecordLinks>;
}

/** Wall clock, epoch milliseconds; a part that is being recorded has no end. */
interface Span {
  readonly startMs: number;
  readonly endMs?: number;
}

function spanOf({ open, final }: PartObjects): Span | undefined {
  const startMs = final?.startTimeMs ?? open?.startTimeMs;
  if (startMs === undefined) return undefined;
  return { startMs, ...(final === undefined ? {} : { endMs: final.endTimeMs }) };
}

const spansOf = ({ parts }: RecordingObjects): Span[] =>
  [...parts.values()].flatMap((one) => spanOf(one) ?? []);

/** Whether a recording has media of a time between these, or is about to. */
export function isWithin(objects: RecordingObjects, fromMs: number, toMs: number): boolean {
  const spans = spansOf(objects);
  if (spans.length === 0) return objects.job.requestedAtMs >= fromMs && objects.job.requestedAtMs <= toMs;
  return spans.some(({ startMs, endMs }) => startMs <= toMs && (endMs === undefined || endMs >= fromMs));
}

/**
 * The recordings of a room on one timeline: in the order in which they began, each part with its offset from the first
 * frame of all that is shown.
 */
export function roomView(room: string, recordings: readonly RoomRecording[]): Record<string, unknown> {
  const spans = recordings.flatMap(({ objects }) => spansOf(objects));
  const zeroMs = spans.length === 0 ? undefined : Math.min(...spans.map(({ startMs }) => startMs));
  const goesOn = spans.some(({ endMs }) => endMs === undefined);
  const endMs =
    goesOn || zeroMs === undefined ? undefined : Math.max(...spans.map((span) => span.endMs ?? 0));
  return {
    room,
    startTime: isoTime(zeroMs),
    endTime: isoTime(endMs),
    recordings: [...recordings]
      .sort((a, b) => beginningOf(a.objects) - beginningOf(b.objects))
      .map((one) => recordingOf(one, zeroMs)),
  };
}

function beginningOf(objects: RecordingObjects): number {
  return Math.min(objects.job.requestedAtMs, ...spansOf(objects).map(({ startMs }) => startMs));
}

function recordingOf({ objects, links }: RoomRecording, zeroMs: number | undefined): Record<string, unknown> {
  const { job, outcome } = objects;
  const parts = [...objects.parts].sort(([a], [b]) => a - b);
  return {
    recordingId: job.recordingId,
    mediaSessionId: job.mediaSessionId,
    streamName: job.stream.name,
    login: job.stream.login,
    status: recordingStatus(objects),
    requestedAt: isoTime(job.requestedAtMs),
    endedAt: isoTime(outcome?.atMs),
    parts: parts.map(([part, found]) => {
      const startMs = spanOf(found)?.startMs;
      const offsetMs =
        startMs === undefined || zeroMs === undefined ? undefined : Math.round(startMs - zeroMs);
      return { ...partView(part, found, links.get(part)), offsetMs };
    }),
  };
}
