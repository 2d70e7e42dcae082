import { RecorderError } from '../api/errors.ts';
import { stretchesOf } from '../api/timeline.ts';
import type { RecordingObjects } from '../state/fold.ts';
import { placedParts } from './placedParts.ts';

/** Milliseconds since the recording's first frame, or a wall clock time as ISO 8601. */
export type ClipTime = number | string;

/** Records end between milliseconds, and callers round up. */
const END_ROUNDED_MS = 1_000;

/**
 * The stretch of the recording's time line that a caller means.
 * @throws RecorderError invalid_request that names `from` or `to`; clip_not_possible where nothing can be cut
 */
export function clipSpan(
  objects: RecordingObjects,
  asked: { readonly from: ClipTime; readonly to: ClipTime },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const parts = placedParts(objects);
  const first = parts[0];
  if (first === undefined) throw notPossible('Nothing has been recorded yet, or nothing was saved.');
  if (parts.every(({ open }) => open.format !== 'mp4'))
    throw notPossible('Clips are made of MP4 records; this recording has none.');
  const startTimeMs = first.open.startTimeMs - first.zeroMs;
  const offset = (time: ClipTime): number =>
    typeof time === 'number' ? time : Date.parse(time) - startTimeMs;
  const fromMs = offset(asked.from);
  const toMs = offset(asked.to);
  const endMs = Math.max(...parts.map((part) => part.endMs ?? nowMs - startTimeMs));
  const shown = `The recording has ${Math.round(endMs)} ms, from ${new Date(startTimeMs).toISOString()} on.`;
  if (toMs <= fromMs) throw wrong('to', `must be later than from. ${shown}`);
  if (fromMs < 0 || fromMs >= endMs) throw wrong('from', `must lie in what was recorded. ${shown}`);
  if (toMs > endMs + END_ROUNDED_MS) throw wrong('to', `must lie in what was recorded. ${shown}`);
  const recorded = stretchesOf(objects).some(
    ({ kind, startTimeMs: start, endTimeMs = Number.POSITIVE_INFINITY }) =>
      kind === 'recorded' && start - startTimeMs < toMs && endTimeMs - startTimeMs > fromMs,
  );
  if (!recorded) throw wrong('from', 'and to lie in a gap: nothing was recorded there.');
  const isGrowing = parts.some((part) => part.endMs === undefined);
  return { fromMs, toMs: isGrowing ? toMs : Math.min(toMs, endMs) };
}

/**
 * All of a recording that has ended.
 * @throws RecorderError recording_active; clip_not_possible where it is one file already, or of no MP4
 */
export function joinSpan(objects: RecordingObjects): { readonly fromMs: number; readonly toMs: number } {
  const parts = placedParts(objects);
  if (objects.outcome === undefined || parts.some(({ endMs }) => endMs === undefined))
    throw new RecorderError(
      'recording_active',
      'The recording goes on, or its last part is being completed. Stop it, and wait for its end.',
      { field: 'recordingId' },
    );
  if (parts.length === 0) throw notPossible('Nothing was recorded.');
  if (parts.length === 1) throw notPossible('The recording has one part: it is one file already.');
  if (parts.some(({ open }) => open.format !== 'mp4'))
    throw notPossible('Parts are joined as MP4, and this recording has others.');
  return { fromMs: 0, toMs: Math.max(...parts.map(({ endMs = 0 }) => endMs)) };
}

function wrong(field: 'from' | 'to', rule: string): RecorderError {
  return new RecorderError('invalid_request', `${field} ${rule}`, { field });
}

function notPossible(message: string): RecorderError {
  return new RecorderError('clip_not_possible', message, { field: 'recordingId' });
}
