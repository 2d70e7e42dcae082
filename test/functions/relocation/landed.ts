import { fileName, type PartPlace } from '../../../functions/core/names/index.ts';
import { isRotated, partNameValues } from '../../../functions/core/names/recordNames.ts';
import { NO_PICTURES } from '../../../functions/core/settings/pictures.ts';
import { DEFAULT_SETTINGS, type RecordingSettings } from '../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import { recordKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import type { FinalPart, OpenPart } from '../../../functions/core/state/partObjects.ts';
import { bytesOf, crc32OfParts, describePart } from '../../../functions/core/upload/uploadedParts.ts';

export const START_MS = Date.UTC(2026, 6, 1, 12);

export interface LandOptions {
  readonly streamName?: string;
  readonly part?: number;
  /** Of which recording it is, where several parts are of one: any number from 32,768 on. */
  readonly recording?: number;
  readonly settings?: Partial<RecordingSettings>;
  readonly final?: Partial<FinalPart>;
  readonly format?: FinalPart['format'];
  /** The body so many times over: for what is too large to hold. */
  readonly repeats?: number;
  /** Its recorder was lost: the file lies there as it was uploaded. */
  readonly rescued?: boolean;
}

export interface Landed {
  readonly key: string;
  readonly job: Job;
  readonly open: OpenPart;
  readonly final: FinalPart;
  readonly body: Buffer;
}

/** A finished part, in the state that its recorder or rescuer leaves. @param count makes its recording another one */
export function landedPart(body: Buffer, count: number, options: LandOptions): Landed {
  const { part = 1, format = 'mp4', rescued = false, streamName = 'camera 1' } = options;
  const random = Buffer.alloc(16, 0);
  const { recording = count } = options;
  random.set([recording >> 10, recording >> 5, recording, recording >> 15]);
  const job: Job = {
    recordingId: newRecordingId(START_MS, random),
    mediaSessionId: 'session/1',
    requestedAtMs: START_MS,
    requestId: 'test',
    source: { url: 'rtmp://user:secret@media.example/live/1' },
    stream: { name: streamName },
    settings: {
      ...DEFAULT_SETTINGS,
      pictures: NO_PICTURES,
      names: { ...DEFAULT_SETTINGS.names, policy: 'streamName' },
      ...options.settings,
    },
  };
  const tracks: OpenPart['tracks'] = [
    { kind: 'video', codec: 'h264' },
    { kind: 'audio', codec: 'aac' },
  ];
  const facts = { part, startTimeMs: START_MS + 1000, openedAtMs: START_MS + 1100, tracks };
  const { name } = fileName(partNameValues(job, facts), job.settings.names, format);
  const key = recordKey(job.recordingId, 1, name);
  const open: OpenPart = { ...facts, attempt: 1, key, uploadId: 'upload', fileName: name, format };
  const pieces = Array.from({ length: options.repeats ?? 1 }, (_, index) => ({
    ...describePart(1, body),
    partNumber: index + 1,
  }));
  const durationMs = options.final?.durationMs ?? 4000;
  const final: FinalPart = {
    part,
    attempt: 1,
    key,
    uploadId: 'upload',
    format,
    uploaded: body.length === 0 ? [] : pieces,
    ...(rescued ? { estimatedLossMs: 1500 } : { newFirst: describePart(1, body) }),
    bytes: bytesOf(pieces),
    crc32: crc32OfParts(pieces),
    durationMs,
    startTimeMs: open.startTimeMs,
    endTimeMs: open.startTimeMs + durationMs,
    startTimeMillis: open.openedAtMs,
    endTimeMillis: open.openedAtMs + durationMs,
    tracks,
    videoFrames: 100,
    recovered: rescued,
    finalizedAtMs: START_MS,
    ...options.final,
  };
  return { key, job, open, final, body };
}

/** What its alternative name is made of. */
export function placeOf({ job, open }: Landed): PartPlace {
  return { recordingId: job.recordingId, part: open.part, rotated: isRotated(job) };
}
