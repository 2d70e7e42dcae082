import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  type S3Client,
  type StorageClass,
} from '@aws-sdk/client-s3';
import { create } from '../aws/conditionalWrite.ts';
import { CONTENT_TYPES } from '../core/media/contentTypes.ts';
import type { NameResult } from '../core/names/index.ts';
import { contentDisposition } from '../core/relocation/contentDisposition.ts';
import { recordMetadata } from '../core/relocation/metadata.ts';
import { encodeTags } from '../core/settings/tags.ts';
import type { Job } from '../core/state/objects.ts';
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

export interface ObjectFacts {
  readonly metadata: Record<string, string>;
  readonly contentType: string;
  /** Its name, which a browser saves it under. */
  readonly key: string;
  readonly tags: Job['settings']['tags'];
}

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
    const { named, complete, durationMs } = facts;
    return this.attributesOf({
      metadata: recordMetadata(job, open, { ...final, durationMs, complete }, named),
      contentType: CONTENT_TYPES[open.format],
      key: named.name,
      tags: job.settings.tags,
    });
  }

  attributesOf({ metadata, contentType, key, tags }: ObjectFacts): ObjectAttributes {
    const { storageClass, kmsKeyArn } = this.#options;
    const tagging = encodeTags(tags);
    return {
      Metadata: metadata,
      ContentType: contentType,
      ContentDisposition: contentDisposition(key.slice(key.lastIndexOf('/') + 1)),
      // An empty header is no tag set.
      ...(tagging === '' ? {} : { Tagging: tagging }),
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
