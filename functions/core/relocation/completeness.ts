import type { FinalPart } from '../state/partObjects.ts';
import type { IncompleteReason } from './incompleteReason.ts';

/** What reading the record itself has shown; only where that was done. */
export interface MeasuredMedia {
  readonly durationMs: number;
  readonly videoFrames: number;
}

/** No encoder makes less: a silent Opus stream is above it. */
const MIN_BYTES_PER_SECOND = 100;
/** A fragment or two, and the time a source takes to begin. */
const WALL_CLOCK_SLACK_MS = 5_000;
const WALL_CLOCK_SLACK_RATIO = 0.02;
/** A rescuer knows the duration as of the last bytes that were saved. */
const MEASURED_SLACK_MS = 5_000;

/**
 * Holds what the recorder or rescuer says of a record against its size, the wall clock and what was measured. No reason
 * at all: the record is complete. Longer than the wall clock is no fault: a source may send what it has kept.
 * @param bytes of the record in landing
 * @param notIndexed why a record that should have got its index has none
 */
export function incompleteReasons(
  final: FinalPart,
  bytes: number,
  measured?: MeasuredMedia,
  notIndexed?: string,
): readonly IncompleteReason[] {
  const reasons: IncompleteReason[] = [];
  const add = (code: IncompleteReason['code'], message: string) => void reasons.push({ code, message });
  const durationMs = Math.round(measured?.durationMs ?? final.durationMs);
  const videoFrames = measured?.videoFrames ?? final.videoFrames;

  if (final.recovered) {
    const lossMs = final.estimatedLossMs;
    const lost = lossMs === undefined ? 'an unknown time' : `about ${lossMs} ms`;
    add('recorder_lost', `The recorder was lost; ${lost} at the end is missing.`);
  }
  if (final.tracks.length === 0) add('no_tracks', 'No track is known.');
  if (videoFrames === 0 && final.tracks.some(({ kind }) => kind === 'video')) {
    add('no_frames', 'There is a video track, and no video frame.');
  }
  if (durationMs <= 0) add('no_duration', 'The duration is not known.');
  if (bytes < (durationMs / 1000) * MIN_BYTES_PER_SECOND) {
    add('size_too_small', `${bytes} bytes are too few for ${durationMs} ms of media.`);
  }
  const wallClockMs = final.endTimeMillis - final.startTimeMillis;
  const slackMs = Math.max(WALL_CLOCK_SLACK_MS, wallClockMs * WALL_CLOCK_SLACK_RATIO);
  if (durationMs < wallClockMs - slackMs) {
    add('shorter_than_wall_clock', `${durationMs} ms of media were recorded in ${wallClockMs} ms.`);
  }
  if (measured !== undefined && final.durationMs > 0) {
    const differenceMs = Math.round(Math.abs(measured.durationMs - final.durationMs));
    if (differenceMs > MEASURED_SLACK_MS) {
      add('duration_differs', `The record has ${durationMs} ms, ${differenceMs} ms off what was said of it.`);
    }
  }
  const awayMs = (final.gaps ?? []).reduce((sum, gap) => sum + gap.durationMs, 0);
  if (awayMs > 0) add('source_away', `The source was away for ${Math.round(awayMs)} ms.`);
  if (notIndexed !== undefined) add('not_indexed', notIndexed);
  return reasons;
}
