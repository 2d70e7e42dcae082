import type { S3Client } from '@aws-sdk/client-s3';
import { abortUpload, workOn } from '../aws/multipartUpload.ts';
import { removeObjects, removeVersions } from '../aws/removeObjects.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { clipSchema } from '../core/clips/clip.ts';
import { clipMarkerKey, clipsPrefix } from '../core/clips/keys.ts';
import { releaseLock } from '../core/protocol/lock.ts';
import { stemClaimSchema, stemKey, stemSchema } from '../core/relocation/stem.ts';
import {
  activeKey,
  indexKey,
  jobKey,
  outcomeKey,
  partKey,
  partsPrefix,
  recordingPrefix,
  roomRecordingKey,
} from '../core/state/keys.ts';
import { type Job, jobSchema } from '../core/state/objects.ts';
import {
  finalPartSchema,
  type MovedPart,
  movedPartSchema,
  type PlacedPicture,
} from '../core/state/partObjects.ts';
import { forgetMerge } from './forgetMerge.ts';
import { readAll } from './registry.ts';

/**
 * Parts whose records are deleted before the clock is looked at: with pictures and state they are what S3 takes in four
 * requests or five.
 */
const PARTS_AT_ONCE = 250;
const ABORTS_AT_ONCE = 10;

export interface Deletion {
  /** How many records were deleted; one that is not the recorded one any more is left alone. */
  readonly deletedRecords: number;
  /** The same of clips and joined files. */
  readonly deletedClips: number;
  /** 0: all is done. Else the time was over: the same call goes on from there. */
  readonly remainingParts: number;
}

interface Buckets {
  readonly s3: S3Client;
  readonly store: StateStore;
}

/**
 * Forgets a recording that has ended, and deletes its records in the library where that is asked. The job goes last, so
 * that a deletion that was interrupted can be asked again.
 * @throws RecorderError recording_not_found; recording_active while it goes on, or while a record is on its way to the
 * library
 */
export async function deleteRecording(
  buckets: Buckets,
  recordingId: string,
  options: { readonly records: boolean; readonly hasTime: () => boolean },
): Promise<Deletion> {
  const { store } = buckets;
  const job = (await store.read(jobKey(recordingId), jobSchema))?.value;
  if (job === undefined) {
    throw new RecorderError('recording_not_found', 'There is no recording with this id.', {
      field: 'recordingId',
    });
  }
  const keys = await store.list(recordingPrefix(recordingId));
  const byPart = keysByPart(recordingId, keys);
  await checkEnded(store, recordingId, keys, [...byPart.keys()]);
  let deletedRecords = 0;
  if (options.records) {
    const parts = [...byPart.keys()];
    for (let at = 0; at < parts.length; at += PARTS_AT_ONCE) {
      if (at > 0 && !options.hasTime())
        return { deletedRecords, deletedClips: 0, remainingParts: parts.length - at };
      const some = parts.slice(at, at + PARTS_AT_ONCE);
      deletedRecords += await deleteRecords(buckets, recordingId, some);
      await removeObjects(
        buckets.s3,
        store.bucket,
        some.flatMap((part) => byPart.get(part) ?? []),
      );
    }
  }
  const deletedClips = await deleteClips(buckets, recordingId, options);
  await forget(buckets, job);
  return { deletedRecords, deletedClips, remainingParts: 0 };
}

/** State objects of each part. */
function keysByPart(recordingId: string, keys: readonly string[]): Map<number, string[]> {
  const prefix = partsPrefix(recordingId);
  const found = new Map<number, string[]>();
  for (const key of keys) {
    const part = key.startsWith(prefix) ? Number(key.slice(prefix.length).split('/')[0]) : Number.NaN;
    if (Number.isInteger(part)) found.set(part, [...(found.get(part) ?? []), key]);
  }
  return found;
}

async function checkEnded(
  store: StateStore,
  recordingId: string,
  keys: readonly string[],
  parts: readonly number[],
): Promise<void> {
  const known = new Set(keys);
  const notMoved = parts.filter((part) => !known.has(partKey(recordingId, part, 'moved')));
  const finals = await readAll(
    store,
    notMoved.map((part) => partKey(recordingId, part, 'final')).filter((key) => known.has(key)),
    finalPartSchema,
  );
  // What holds nothing is moved nowhere.
  const underway = notMoved.length > finals.filter(({ bytes }) => bytes === 0).length;
  if (known.has(outcomeKey(recordingId)) && !underway) return;
  throw new RecorderError(
    'recording_active',
    'The recording goes on, or its records are on their way to the library. Stop it, and wait for its end.',
    { field: 'recordingId' },
  );
}

/** @returns how many there were that were still the recorded ones */
async function deleteRecords(
  { s3, store }: Buckets,
  recordingId: string,
  parts: readonly number[],
): Promise<number> {
  const moved = await readAll(
    store,
    parts.map((part) => partKey(recordingId, part, 'moved')),
    movedPartSchema,
  );
  let deleted = 0;
  for (const [bucket, records] of Map.groupBy(moved, (one) => one.bucket)) {
    // What lies beside a record goes before it, and is none.
    await removeVersions(s3, bucket, records.flatMap(picturesOf));
    deleted += await removeVersions(s3, bucket, records);
  }
  return deleted;
}

function picturesOf({ pictures: { poster, storyboard } = {} }: MovedPart): PlacedPicture[] {
  return [poster, storyboard?.sprite, storyboard?.list].filter((picture) => picture !== undefined);
}

/**
 * Clips that are being made are given up; those that are made are records too.
 * @returns how many of these there were that were still what was made
 */
async function deleteClips(
  { s3, store }: Buckets,
  recordingId: string,
  { records }: { readonly records: boolean },
): Promise<number> {
  const clips = await readAll(store, await store.list(clipsPrefix(recordingId)), clipSchema);
  const made = records ? clips.flatMap(({ record = [] }) => record) : [];
  let deleted = 0;
  for (const [bucket, ofBucket] of Map.groupBy(made, (record) => record.bucket))
    deleted += await removeVersions(s3, bucket, ofBucket);
  const uploads = clips.flatMap(({ upload = [] }) => upload);
  await workOn(
    uploads,
    ABORTS_AT_ONCE,
    () => true,
    (upload) => abortUpload(s3, upload),
  );
  await removeObjects(
    s3,
    store.bucket,
    clips.map(({ clipId }) => clipMarkerKey(recordingId, clipId)),
  );
  return deleted;
}

/** Of its names; another recording may have the claim by now. */
async function releaseStem(store: StateStore, recordingId: string): Promise<void> {
  const { claimKey } = (await store.read(stemKey(recordingId), stemSchema))?.value ?? {};
  const claim = claimKey === undefined ? undefined : await store.read(claimKey, stemClaimSchema);
  if (claimKey === undefined || claim?.value.recordingId !== recordingId) return;
  await store.remove(claimKey, claim.etag);
}

async function forget(
  { s3, store }: Buckets,
  { recordingId, mediaSessionId, stream, merge }: Job,
): Promise<void> {
  if (merge !== undefined) await forgetMerge({ s3, store }, recordingId);
  // A lock that still named it would be taken for one of a recording that goes on.
  await releaseLock({ store, clock: { nowMs: Date.now } }, mediaSessionId, recordingId);
  // The outcome goes after the job: without it a deletion that was interrupted would be of a recording that goes on.
  await releaseStem(store, recordingId);
  const last = [jobKey(recordingId), outcomeKey(recordingId)];
  const rest = (await store.list(recordingPrefix(recordingId))).filter((key) => !last.includes(key));
  const { room } = stream;
  await removeObjects(s3, store.bucket, [
    ...rest,
    ...[activeKey(recordingId), indexKey(recordingId)],
    ...(room === undefined ? [] : [roomRecordingKey(room, recordingId)]),
  ]);
  for (const key of last) await store.remove(key);
  // Whoever ended the recording may have been writing that it is announced: nobody would ever find it again.
  await removeObjects(s3, store.bucket, await store.list(recordingPrefix(recordingId)));
}
