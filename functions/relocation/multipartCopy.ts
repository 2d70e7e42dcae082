import { UploadPartCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import {
  abortUpload,
  beginUpload,
  completeUpload,
  type OpenUpload,
  uploadedParts,
  workOn,
} from '../aws/multipartUpload.ts';
import { type StateStore, uploadIsGone } from '../aws/stateStore.ts';
import {
  type CopyPlan,
  type CopyRange,
  copyPartBytes,
  copyPlanKey,
  copyPlanSchema,
  copyRanges,
} from '../core/relocation/copyPlan.ts';
import type { UploadedPart } from '../core/state/partObjects.ts';
import { describePart } from '../core/upload/uploadedParts.ts';
import type { LandedRecord } from './landedRecord.ts';
import { copySource, type Library, type ObjectAttributes } from './library.ts';
import type { IndexedRecord, RecordContent } from './mp4Index.ts';

export interface MultipartCopyOptions {
  readonly library: Library;
  readonly store: StateStore;
  /** Wanted size of a range; more where 10,000 of them would not suffice. */
  readonly partBytes: number;
  readonly atOnce: number;
}

export interface PlannedCopy {
  readonly value: CopyPlan;
  readonly etag: string;
}

/**
 * Copies of many ranges at once, for what one request cannot do. The upload and its plan are in the state, so the next
 * call, in this function or another, copies only what is missing. Two at once work on the same upload.
 */
export class MultipartCopy {
  readonly #options: MultipartCopyOptions;

  constructor(options: MultipartCopyOptions) {
    this.#options = options;
  }

  /** The copy under way, if there is one, and its ETag in the state. */
  plan(record: LandedRecord): Promise<PlannedCopy | undefined> {
    return this.#options.store.read(planKey(record), copyPlanSchema);
  }

  /**
   * Begins a copy under this key, or takes the plan of whoever was first.
   * @param replaced the plan that cannot be gone on with: its key is taken, or its upload is gone
   */
  async begin(
    key: string,
    record: LandedRecord,
    attributes: ObjectAttributes,
    content: RecordContent,
    replaced: PlannedCopy | undefined,
  ): Promise<PlannedCopy | undefined> {
    const { library, partBytes } = this.#options;
    const { s3, bucket } = library;
    const { uploadId } = await beginUpload(s3, bucket, key, attributes);
    const { indexed, notIndexed } = content;
    const { fromByte, endByte, bytes, crc32 } = indexed ?? { ...record, fromByte: 0, endByte: record.bytes };
    const first = indexed === undefined ? undefined : await this.#uploadFirst(key, uploadId, indexed);
    const plan: CopyPlan = {
      part: record.open.part,
      key,
      uploadId,
      ...(first === undefined ? {} : { first: { bytes: first.bytes, crc32: first.crc32 } }),
      fromByte,
      endByte,
      partBytes: copyPartBytes(bytes, partBytes),
      bytes,
      crc32,
      ...(indexed === undefined ? {} : { measured: indexed.measured }),
      ...(notIndexed === undefined ? {} : { notIndexed }),
    };
    return this.#keep(record, plan, replaced);
  }

  /**
   * Copies what is missing, then completes. A taken key is left as it is.
   * @returns false when the upload is not there any more: completed by somebody else, or aborted by age
   * @throws OutOfTime
   */
  async run(plan: CopyPlan, record: LandedRecord, hasTime: () => boolean): Promise<boolean> {
    const { library, store } = this.#options;
    try {
      const done = await uploadedParts(library.s3, this.#upload(plan));
      if (plan.first !== undefined && done.get(1)?.crc32 !== plan.first.crc32) return false;
      const missing = copyRanges(plan).filter(
        ({ partNumber, fromByte, endByte }) => done.get(partNumber)?.bytes !== endByte - fromByte,
      );
      await workOn(missing, this.#options.atOnce, hasTime, async (range) => {
        done.set(range.partNumber, await this.#copyRange(plan, range, record, store.bucket));
      });
      await completeUpload(library.s3, this.#upload(plan), [...done.values()], plan);
      return true;
    } catch (error) {
      if (uploadIsGone(error)) return false;
      throw error;
    }
  }

  async #uploadFirst(key: string, uploadId: string, { firstBytes }: IndexedRecord): Promise<UploadedPart> {
    const { s3, bucket } = this.#options.library;
    const first = describePart(1, firstBytes);
    await s3.send(
      new UploadPartCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: 1,
        Body: firstBytes,
        ChecksumCRC32: first.crc32,
      }),
    );
    return first;
  }

  async #keep(
    record: LandedRecord,
    plan: CopyPlan,
    replaced: PlannedCopy | undefined,
  ): Promise<PlannedCopy | undefined> {
    const { store } = this.#options;
    const key = planKey(record);
    if (replaced === undefined) await store.create(key, plan);
    else await store.replace(key, plan, replaced.etag);
    const known = await this.plan(record);
    // Somebody else was first: their upload is the one to work on.
    if (known?.value.uploadId !== plan.uploadId) await this.#abort(plan);
    if (replaced !== undefined) await this.#abort(replaced.value);
    return known;
  }

  #abort(plan: CopyPlan): Promise<void> {
    return abortUpload(this.#options.library.s3, this.#upload(plan));
  }

  #upload({ key, uploadId }: CopyPlan): OpenUpload {
    return { bucket: this.#options.library.bucket, key, uploadId };
  }

  async #copyRange(
    plan: CopyPlan,
    { partNumber, fromByte, endByte }: CopyRange,
    record: LandedRecord,
    landingBucket: string,
  ): Promise<UploadedPart> {
    const { s3, bucket } = this.#options.library;
    const answer = await s3.send(
      new UploadPartCopyCommand({
        Bucket: bucket,
        Key: plan.key,
        UploadId: plan.uploadId,
        PartNumber: partNumber,
        CopySource: copySource(landingBucket, record.key),
        CopySourceIfMatch: record.etag,
        CopySourceRange: `bytes=${fromByte}-${endByte - 1}`,
      }),
    );
    const { ETag = '', ChecksumCRC32 = '' } = answer.CopyPartResult ?? {};
    return { partNumber, bytes: endByte - fromByte, etag: ETag, crc32: ChecksumCRC32 };
  }
}

const planKey = ({ job, open }: LandedRecord): string => copyPlanKey(job.recordingId, open.part);
