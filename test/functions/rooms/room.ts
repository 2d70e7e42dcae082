import type { EventBus } from '../../../functions/aws/eventBus.ts';
import { StateStore } from '../../../functions/aws/stateStore.ts';
import type { MergeJob } from '../../../functions/core/rooms/merge.ts';
import { mergeIndexKey } from '../../../functions/core/rooms/mergeKeys.ts';
import { DEFAULT_SETTINGS, type RecordingSettings } from '../../../functions/core/settings/settings.ts';
import { newRecordingId } from '../../../functions/core/state/ids.ts';
import {
  jobKey,
  outcomeKey,
  partKey,
  roomKey,
  roomRecordingKey,
} from '../../../functions/core/state/keys.ts';
import type { Job } from '../../../functions/core/state/objects.ts';
import type { OpenPart } from '../../../functions/core/state/partObjects.ts';
import { describePart } from '../../../functions/core/upload/uploadedParts.ts';
import { noteMerge } from '../../../functions/rooms/mergeAsking.ts';
import type { Composer } from '../../../functions/rooms/mergeComposing.ts';
import { MergeMaking } from '../../../functions/rooms/mergeMaking.ts';
import { keepPart, type RecordedPart, START_MS } from '../clips/recording.ts';
import type { MoveBench } from '../relocation/bench.ts';

export const NOW_MS = START_MS + 3_600_000;
let count = 0;
const nextId = (): string => {
  count += 1;
  return newRecordingId(NOW_MS + count, Buffer.alloc(16));
};

/** A part of which nobody looks at the media. */
export interface OpaquePart {
  readonly startMs: number;
  readonly durationMs: number;
  readonly format?: OpenPart['format'];
}

/** One who was in the room: parts that are in the library, by the number that each has. */
export interface Recorded {
  readonly name: string;
  readonly parts: Readonly<Record<number, RecordedPart | OpaquePart>>;
  readonly goesOn?: boolean;
  readonly settings?: RecordingSettings;
  readonly requestedAtMs?: number;
}

/** A recording of a room, as recorders and relocate leave it. */
export async function keepInRoom(
  bench: MoveBench,
  room: string,
  { name, parts, goesOn = false, settings = DEFAULT_SETTINGS, requestedAtMs = START_MS }: Recorded,
): Promise<Job> {
  count += 1;
  const recordingId = newRecordingId(requestedAtMs + count, Buffer.alloc(16));
  const job: Job = {
    recordingId,
    mediaSessionId: `session/${recordingId}`,
    requestedAtMs,
    requestId: 'test',
    source: { url: 'rtmp://media.example/live/1' },
    stream: { name, room },
    settings,
  };
  const { store } = bench;
  await store.create(jobKey(recordingId), job);
  await store.create(roomKey(room), { room });
  await store.create(roomRecordingKey(room, recordingId), { recordingId });
  for (const [part, recorded] of Object.entries(parts)) {
    if ('part' in recorded) await keepPart(bench, job, Number(part), recorded);
    else await keepOpaque(bench, job, Number(part), recorded);
  }
  if (!goesOn) await endRecording(bench, job);
  return job;
}

async function keepOpaque(
  bench: MoveBench,
  { recordingId }: Job,
  part: number,
  { startMs, durationMs, format = 'mp4' }: OpaquePart,
): Promise<void> {
  const key = `opaque/${recordingId}/${part}`;
  const body = Buffer.alloc(100, part);
  await bench.put('library', key, body);
  const { ETag: etag = '' } = await bench.head(key);
  const startTimeMs = START_MS + startMs;
  const described = describePart(1, body);
  const same = { part, attempt: 1, key: 'k', uploadId: 'u', format, startTimeMs, tracks: [] };
  const { store } = bench;
  await store.create(partKey(recordingId, part, 'open'), { ...same, fileName: 'f', openedAtMs: startTimeMs });
  await store.create(partKey(recordingId, part, 'final'), {
    ...{ ...same, uploaded: [described], bytes: body.length, crc32: described.crc32, durationMs },
    ...{ endTimeMs: startTimeMs + durationMs, startTimeMillis: startTimeMs, videoFrames: 0 },
    ...{ endTimeMillis: startTimeMs + durationMs, recovered: false, finalizedAtMs: startTimeMs },
  });
  const moved = { part, bucket: 'library', key, etag, bytes: body.length, movedAtMs: startTimeMs };
  await store.create(partKey(recordingId, part, 'moved'), moved);
}

export async function endRecording({ store }: MoveBench, { recordingId }: Job, atMs = NOW_MS): Promise<void> {
  const reason = { code: 'stopped', message: 'm' };
  await store.create(outcomeKey(recordingId), { status: 'finished', reason, parts: 1, atMs });
}

/** Asks for a merge as the API does, without its checks. */
export async function askMerge(
  { store }: MoveBench,
  room: string,
  wanted: Partial<MergeJob> = {},
): Promise<MergeJob> {
  const job: MergeJob = {
    mergeId: nextId(),
    room,
    requestedAtMs: NOW_MS,
    requestId: 'test',
    layout: 'tracks',
    running: 'wait',
    settings: DEFAULT_SETTINGS,
    ...wanted,
  };
  await noteMerge({ store, queue: { send: async () => undefined } }, job);
  if ((await store.etag(mergeIndexKey(job.mergeId))) === undefined) throw new Error('it is in no list');
  return job;
}

/** No ECS. */
export const NO_COMPOSER: Composer = {
  run: async () => ['there is none'],
  isAtWork: async () => false,
  stop: async () => undefined,
};

/** The making under test. */
export function mergeMaking(
  bench: MoveBench,
  {
    composer = NO_COMPOSER,
    s3 = bench.cut,
    nowMs = () => NOW_MS,
  }: {
    readonly composer?: Composer;
    readonly s3?: MoveBench['s3'];
    readonly nowMs?: () => number;
  } = {},
): MergeMaking {
  return new MergeMaking({
    ...{
      s3,
      store: new StateStore(bench.cut, bench.store.bucket),
      bus: eventBus(bench),
      clock: { nowMs },
      composer,
    },
  });
}

/** Whose events are the bench's. */
export function eventBus(bench: MoveBench): EventBus {
  return bench.bus('cut');
}
