import { Logger } from '@aws-lambda-powertools/logger';
import { toBuffer } from '../../../functions/core/media/pieces.ts';
import { DEFAULT_SETTINGS } from '../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import { fragmentIndexKey, jobKey, outcomeKey, partKey } from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import {
  type FinalPart,
  type MovedPart,
  movedPartSchema,
  type OpenPart,
  openPartSchema,
} from '../../../functions/core/state/partObjects.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { Overlaps } from '../../../functions/relocation/overlaps.ts';
import type { PartInMemory } from '../../support/parts.ts';
import type { MoveBench } from '../relocation/bench.ts';

export const START_MS = Date.UTC(2026, 6, 1, 12);

export interface RecordedPart {
  readonly part: PartInMemory;
  /** After the recording's start. */
  readonly startMs: number;
  readonly attempt?: number;
  /** It has not ended, or is on its way to the library. */
  readonly isUnderway?: boolean;
  /** Its recorder completed it, and nobody has moved it. */
  readonly isLanded?: boolean;
}

let count = 0;

/** A recording with these parts in the library, as recorders and relocate leave it. */
export async function keepRecording(
  bench: MoveBench,
  parts: readonly RecordedPart[],
  format: OpenPart['format'] = 'mp4',
): Promise<Job> {
  count += 1;
  const job: Job = {
    recordingId: newRecordingId(START_MS, Buffer.alloc(16, count)),
    mediaSessionId: 'session/1',
    requestedAtMs: START_MS,
    requestId: 'test',
    source: { url: 'rtmp://media.example/live/1' },
    stream: { name: `camera ${count}` },
    settings: { ...DEFAULT_SETTINGS, names: { ...DEFAULT_SETTINGS.names, policy: 'streamName' } },
  };
  await bench.store.create(jobKey(job.recordingId), job);
  for (const [place, recorded] of parts.entries()) await keepPart(bench, job, place + 1, recorded, format);
  await bench.store.create(outcomeKey(job.recordingId), {
    status: 'finished',
    reason: { code: 'stopped', message: 'm' },
    parts: parts.length,
    atMs: START_MS + 60_000,
  });
  return job;
}

export async function keepPart(
  bench: MoveBench,
  { recordingId, stream }: Job,
  part: number,
  { part: recorded, startMs, attempt = 1, isUnderway = false, isLanded = false }: RecordedPart,
  format: OpenPart['format'] = 'mp4',
): Promise<void> {
  const { durationMs, videoFrames } = recorded.muxer.summary;
  const record = recorded.finished();
  const { index } = recorded.muxer.finish();
  const tracks = recorded.muxer.tracks.map((track) => ({ ...track }));
  const fileName = `${encodeURIComponent(stream.name)}_${part}.${format}`;
  const startTimeMs = START_MS + startMs;
  const place = { key: `records/${recordingId}/${attempt}/${fileName}`, uploadId: 'upload' };
  const open: OpenPart = {
    part,
    attempt,
    file: 1,
    ...place,
    fileName,
    format,
    openedAtMs: startTimeMs,
    startTimeMs,
    tracks,
  };
  await bench.store.overwrite(partKey(recordingId, part, 'open'), open);
  if (isUnderway) return;
  const described = describePart(1, record);
  const final: FinalPart = {
    ...{ part, attempt, ...place, format, tracks, durationMs, videoFrames, startTimeMs, recovered: false },
    ...{ uploaded: [described], bytes: record.length, crc32: described.crc32 },
    ...{ endTimeMs: Math.round(startTimeMs + durationMs), finalizedAtMs: startTimeMs },
    ...{ startTimeMillis: startTimeMs, endTimeMillis: Math.round(startTimeMs + durationMs) },
  };
  const metadata = { 'recording-id': recordingId, part: String(part) };
  if (index !== undefined)
    await bench.store.overwriteBytes(fragmentIndexKey(recordingId, part), toBuffer(index));
  if (isLanded) {
    await bench.store.overwrite(partKey(recordingId, part, 'final'), { ...final, newFirst: described });
    await bench.put('landing', place.key, record, metadata);
    return;
  }
  const key = `stream_records/${fileName}`;
  await bench.put('library', key, record, metadata);
  const { ETag = '' } = await bench.head(key);
  const moved: MovedPart = {
    ...{ part, bucket: 'library', key, etag: ETag, bytes: record.length },
    ...{ crc32: described.crc32, movedAtMs: startTimeMs },
  };
  await bench.store.overwrite(partKey(recordingId, part, 'final'), final);
  await bench.store.overwrite(partKey(recordingId, part, 'moved'), moved);
}

/** As relocate does when a part is in the library. */
export async function noteOverlap(
  { s3, store }: MoveBench,
  { recordingId }: Job,
  part: number,
): Promise<void> {
  const open = await store.read(partKey(recordingId, part, 'open'), openPartSchema);
  const moved = await store.read(partKey(recordingId, part, 'moved'), movedPartSchema);
  if (open === undefined || moved === undefined) throw new Error(`part ${part} is not in the library`);
  const log = new Logger({ logLevel: 'SILENT' });
  await new Overlaps({ s3, store }).note({ recordingId, open: open.value, moved: moved.value }, log);
}
