import type { Job } from '../state/objects.ts';
import type { FinalPart, OpenPart } from '../state/partObjects.ts';
import type { NameValues } from './index.ts';

/** Parts carry numbers when rotation is on; never in a chat room, where it is switched off. */
export function isRotated(job: Job): boolean {
  return job.settings.rotation.kind !== 'none' && job.stream.room === undefined;
}

/** What a part's names are made of: the recorder calls it without `final`, the move with it. */
export function partNameValues(
  job: Job,
  open: Pick<OpenPart, 'part' | 'startTimeMs' | 'openedAtMs' | 'tracks'>,
  final?: FinalPart,
): NameValues {
  const audio = open.tracks.find((track) => track.kind === 'audio')?.codec;
  const video = open.tracks.find((track) => track.kind === 'video')?.codec;
  const { name, sessionId, login, appKey } = job.stream;
  return {
    streamName: name,
    mediaSessionId: job.mediaSessionId,
    recordingId: job.recordingId,
    part: open.part,
    rotated: isRotated(job),
    recordingStartedAtMs: job.requestedAtMs,
    startTimeMs: open.startTimeMs,
    startTimeMillis: open.openedAtMs,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(login === undefined ? {} : { login }),
    ...(appKey === undefined ? {} : { appKey }),
    ...(audio === undefined ? {} : { audioCodec: audio }),
    ...(video === undefined ? {} : { videoCodec: video }),
    ...(final === undefined
      ? {}
      : {
          endTimeMs: final.endTimeMs,
          endTimeMillis: final.endTimeMillis,
          durationMs: Math.round(final.durationMs),
        }),
  };
}
