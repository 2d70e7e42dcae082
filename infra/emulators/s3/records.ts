import type { Checksum, ChecksumAlgorithm, ChecksumType } from './checksums.ts';

/** What is stored, and the lines of the journal that say so. */

/** Bytes of one blob. Blobs never change, so objects, parts and copies share them. */
export interface Segment {
  readonly blob: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Headers that S3 keeps for an object and sends back, by their lower-case names. */
export const STORED_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const;
export type StoredHeader = (typeof STORED_HEADERS)[number];

/** What a client says about an object besides its bytes. */
export interface ObjectAttributes {
  readonly headers: Readonly<Partial<Record<StoredHeader, string>>>;
  /** User metadata without the `x-amz-meta-` prefix. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface StoredObject extends ObjectAttributes {
  /** Without quotes. */
  readonly etag: string;
  readonly bytes: number;
  readonly lastModifiedMs: number;
  readonly segments: readonly Segment[];
  readonly checksum: Checksum;
}

export interface StoredPart {
  readonly etag: string;
  readonly bytes: number;
  readonly lastModifiedMs: number;
  readonly segments: readonly Segment[];
  /** Of the upload's algorithm, base64. */
  readonly checksum: string;
}

export interface Upload extends ObjectAttributes {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly algorithm: ChecksumAlgorithm;
  readonly checksumType: ChecksumType;
  /** Whether CreateMultipartUpload named the algorithm. */
  readonly algorithmNamed: boolean;
}

/** What a repeated CompleteMultipartUpload is answered from. */
export interface CompletedUpload {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly parts: readonly { readonly number: number; readonly etag: string }[];
  readonly etag: string;
  readonly checksum: Checksum;
}

export type Entry =
  | { readonly type: 'bucket'; readonly bucket: string; readonly createdMs: number }
  | { readonly type: 'put'; readonly bucket: string; readonly key: string; readonly object: StoredObject }
  | { readonly type: 'delete'; readonly bucket: string; readonly key: string }
  | {
      readonly type: 'tags';
      readonly bucket: string;
      readonly key: string;
      readonly tags: readonly Tag[];
    }
  | { readonly type: 'create'; readonly upload: Upload }
  | { readonly type: 'part'; readonly uploadId: string; readonly number: number; readonly part: StoredPart }
  | { readonly type: 'complete'; readonly completed: CompletedUpload; readonly object: StoredObject }
  | { readonly type: 'completed'; readonly completed: CompletedUpload }
  | { readonly type: 'abort'; readonly uploadId: string };
