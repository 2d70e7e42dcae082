import type { S3Client } from '@aws-sdk/client-s3';
import { abortUpload, beginUpload, type OpenUpload } from '../aws/multipartUpload.ts';
import { isStatus, type StateStore } from '../aws/stateStore.ts';
import { uploadFile } from '../clips/upload.ts';
import { CONTENT_TYPES } from '../core/media/contentTypes.ts';
import type { RoomFile } from '../core/media/room/roomFile.ts';
import { MediaError } from '../core/media/types.ts';
import { fileName } from '../core/names/index.ts';
import { partNameValues } from '../core/names/recordNames.ts';
import type { Clock } from '../core/protocol/ports.ts';
import type { KeptPlan, MergeJob } from '../core/rooms/merge.ts';
import { mergeKey } from '../core/rooms/mergeKeys.ts';
import { MERGE_ATTEMPT, MERGE_FORMAT, MERGE_PART, resultJob } from '../core/rooms/mergeResult.ts';
import type { PartObjects } from '../core/state/fold.ts';
import { partKey, recordKey } from '../core/state/keys.ts';
import {
  type FinalPart,
  type OpenPart,
  openPartSchema,
  type UploadedPart,
} from '../core/state/partObjects.ts';
import { headObject } from '../relocation/landedRecord.ts';
import type { RecordSource } from '../relocation/recordTables.ts';
import { CannotMerge } from './cannotMerge.ts';
import { readMerge } from './mergeReading.ts';
import { tracksFile } from './tracksFile.ts';

interface Ports {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly clock: Clock;
}

/** How often it is said how far it is, and looked whether it is still wanted. */
const TOLD_EVERY_MS = 3_000;

/**
 * Makes the file of all tracks in landing, where relocate finds it as any record.
 * @param part what there is of it already
 * @throws CannotMerge; OutOfTime also where it is not wanted any more; S3's faults
 */
export async function makeTracks(
  ports: Ports,
  job: MergeJob,
  plan: KeptPlan,
  part: PartObjects | undefined,
  hasTime: () => boolean,
): Promise<void> {
  const { store, s3 } = ports;
  try {
    const file = await tracksFile(ports, plan);
    const open = part?.open ?? (await begin(ports, job, plan, file));
    const upload = { bucket: store.bucket, key: open.key, uploadId: open.uploadId };
    const telling = new Telling(ports, job.mergeId);
    const whole = await uploadFile(s3, upload, file, () => hasTime() && telling.isWanted, {
      progressed: (share) => telling.tell(share),
      completing: async (parts, { bytes, crc32 }) => {
        const final = finalOf(open, plan, file, { parts, bytes, crc32 }, ports.clock.nowMs());
        await store.create(partKey(job.mergeId, MERGE_PART, 'final'), final);
      },
    });
    // Somebody aborted it: it is begun anew, unless it is not wanted any more.
    if (whole === undefined && (await headObject(s3, store.bucket, open.key)) === undefined)
      await store.remove(partKey(job.mergeId, MERGE_PART, 'open'));
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

/** Says how far it is, and hears whether it is to go on. */
class Telling {
  readonly #ports: Ports;
  readonly #mergeId: string;
  readonly #startedAtMs: number;
  #toldAtMs: number;
  #isWanted = true;

  constructor(ports: Ports, mergeId: string) {
    this.#ports = ports;
    this.#mergeId = mergeId;
    this.#startedAtMs = ports.clock.nowMs();
    this.#toldAtMs = this.#startedAtMs;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  async tell(share: number): Promise<void> {
    const { store, clock } = this.#ports;
    const atMs = clock.nowMs();
    if (atMs - this.#toldAtMs < TOLD_EVERY_MS) return;
    this.#toldAtMs = atMs;
    const percent = Math.round(share * 1000) / 10;
    const progress = { startedAtMs: this.#startedAtMs, atMs, percent };
    await store.overwrite(mergeKey(this.#mergeId, 'progress'), progress);
    const merge = await readMerge(store, this.#mergeId);
    this.#isWanted = merge !== undefined && merge.cancel === undefined && merge.outcome === undefined;
  }
}

/** Its upload is in state before anything is in the upload. */
async function begin(
  { s3, store, clock }: Ports,
  job: MergeJob,
  plan: KeptPlan,
  { tracks }: RoomFile<RecordSource>,
): Promise<OpenPart> {
  const result = resultJob(job, plan);
  const facts = {
    part: MERGE_PART,
    format: MERGE_FORMAT,
    startTimeMs: plan.zeroMs,
    openedAtMs: clock.nowMs(),
    tracks: tracks.map((track) => ({ ...track })),
  } as const;
  const { name } = fileName(partNameValues(result, facts), result.settings.names, MERGE_FORMAT);
  const key = recordKey(job.mergeId, MERGE_ATTEMPT, name);
  const upload: OpenUpload = await beginUpload(s3, store.bucket, key, {
    ContentType: CONTENT_TYPES[MERGE_FORMAT],
    Metadata: { 'recording-id': job.mergeId, part: String(MERGE_PART) },
  });
  const open: OpenPart = {
    ...facts,
    attempt: MERGE_ATTEMPT,
    key,
    uploadId: upload.uploadId,
    fileName: name,
  };
  const openKey = partKey(job.mergeId, MERGE_PART, 'open');
  if (await store.create(openKey, open)) return open;
  // Somebody else was first, or the answer of this write was lost.
  const known = (await store.read(openKey, openPartSchema))?.value ?? open;
  if (known.uploadId !== open.uploadId) await abortUpload(s3, upload);
  return known;
}

function finalOf(
  { attempt, key, uploadId, startTimeMs, tracks }: OpenPart,
  plan: KeptPlan,
  { durationMs, videoFrames }: RoomFile<RecordSource>,
  whole: { readonly parts: readonly UploadedPart[]; readonly bytes: number; readonly crc32: string },
  nowMs: number,
): FinalPart {
  const [first] = whole.parts;
  const endTimeMs = Math.round(plan.zeroMs + durationMs);
  return {
    ...{ part: MERGE_PART, attempt, key, uploadId, format: MERGE_FORMAT, tracks, videoFrames },
    uploaded: [...whole.parts],
    // The index is in front from the beginning.
    ...(first === undefined ? {} : { newFirst: first }),
    bytes: whole.bytes,
    crc32: whole.crc32,
    durationMs,
    ...{ startTimeMs, endTimeMs, startTimeMillis: startTimeMs, endTimeMillis: endTimeMs },
    recovered: false,
    finalizedAtMs: nowMs,
  };
}

/** Why trying again is of no use; undefined where it is. */
function refusalOf(error: unknown): CannotMerge | undefined {
  if (error instanceof MediaError)
    return new CannotMerge({
      code: 'index',
      message: `A record is not as its index says: ${error.message}.`,
    });
  if (isStatus(error, 412) || isStatus(error, 404))
    return new CannotMerge({
      code: 'record_gone',
      message: 'A record that it is made of was removed from the library while it was made. Ask again.',
    });
  return undefined;
}
