import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  type S3Client,
  type StorageClass,
} from '@aws-sdk/client-s3';
import { isStatus } from '../aws/stateStore.ts';
import { CONTENT_TYPES } from '../core/media/contentTypes.ts';
import type { NameResult } from '../core/names/index.ts';
import { contentDisposition } from '../core/relocation/contentDisposition.ts';
import { recordMetadata } from '../core/relocation/metadata.ts';
import { encodeTags } from '../core/settings/tags.ts';
import { headObject, type LandedRecord } from './landedRecord.ts';

export interface LibraryOptions {
  readonly bucket: string;
  /** The bucket's own default if absent, and the same for the key. */
  readonly storageClass?: StorageClass | undefined;
  readonly kmsKeyArn?: string | undefined;
}

/** What a record in the library has besides its bytes. */
export type ObjectAttributes = Pick<
  CopyObjectCommandInput,
  | 'Metadata'
  | 'ContentType'
  | 'ContentDisposition'
  | 'Tagging'
  | 'StorageClass'
  | 'ServerSideEncryption'
  | 'SSEKMSKeyId'
  | 'BucketKeyEnabled'
>;

export interface AttributeFacts {
  readonly named: NameResult;
  readonly complete: boolean;
  readonly durationMs: number;
}

/** 409: another conditional write on the key was under way. */
const CONFLICT_TRIES = 5;

/** The library bucket: objects are created there and never overwritten. */
export class Library {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly #options: LibraryOptions;

  constructor(s3: S3Client, options: LibraryOptions) {
    this.s3 = s3;
    this.bucket = options.bucket;
    this.#options = options;
  }

  head(key: string): Promise<HeadObjectCommandOutput | undefined> {
    return headObject(this.s3, this.bucket, key);
  }

  attributes({ job, open, final }: LandedRecord, facts: AttributeFacts): ObjectAttributes {
    const { storageClass, kmsKeyArn } = this.#options;
    const { named, complete, durationMs } = facts;
    const tags = encodeTags(job.settings.tags);
    return {
      Metadata: recordMetadata(job, open, { ...final, durationMs, complete }, named),
      ContentType: CONTENT_TYPES[open.format],
      ContentDisposition: contentDisposition(named.name.slice(named.name.lastIndexOf('/') + 1)),
      // An empty header is no tag set.
      ...(tags === '' ? {} : { Tagging: tags }),
      ...(storageClass === undefined ? {} : { StorageClass: storageClass }),
      ...(kmsKeyArn === undefined
        ? {}
        : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyArn, BucketKeyEnabled: true }),
    };
  }

  /** One request, up to 5 GB. A taken key is left as it is. @throws NoSuchKey when the source is gone */
  async copy(
    key: string,
    landingBucket: string,
    record: LandedRecord,
    attributes: ObjectAttributes,
  ): Promise<void> {
    const command = new CopyObjectCommand({
      ...attributes,
      Bucket: this.bucket,
      Key: key,
      CopySource: copySource(landingBucket, record.key),
      CopySourceIfMatch: record.etag,
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'CRC32',
      MetadataDirective: 'REPLACE',
      TaggingDirective: 'REPLACE',
    });
    await create(() => this.s3.send(command));
  }

  /** A taken key is left as it is. */
  async put(key: string, body: Buffer, crc32: string, attributes: ObjectAttributes): Promise<void> {
    const command = new PutObjectCommand({
      ...attributes,
      Bucket: this.bucket,
      Key: key,
      Body: body,
      ChecksumCRC32: crc32,
      IfNoneMatch: '*',
    });
    await create(() => this.s3.send(command));
  }
}

/** The whole of it is encoded, `+` and `?` included. */
export function copySource(bucket: string, key: string): string {
  return encodeURIComponent(`${bucket}/${key}`);
}

/**
 * A conditional write. 412: the key is taken, by a copy of ours or by something else (or the source was changed): the
 * caller looks what is there.
 */
export async function create(write: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await write();
      return;
    } catch (error) {
      if (isStatus(error, 412)) return;
      if (!isStatus(error, 409) || tries >= CONFLICT_TRIES) throw error;
    }
  }
}
