import { createHash } from 'node:crypto';
import { ATTRIBUTE_HEADERS, readMetadata, readStoredHeaders, readTags } from './attributes.ts';
import { sliceSegments } from './blobs.ts';
import { type ChecksumAlgorithm, checksumElement, parseAlgorithm, runningChecksum } from './checksums.ts';
import { checkSource, SOURCE_CONDITIONS, WRITE_CONDITIONS, writeCondition } from './conditions.ts';
import {
  type Context,
  commitObject,
  isoDate,
  MAX_PUT_BYTES,
  type Operation,
  quoted,
  xmlAnswer,
} from './context.ts';
import { copySourceOf } from './copySource.ts';
import { S3Error } from './errors.ts';
import { partNumber } from './multipart.ts';
import { parseCopyRange } from './ranges.ts';
import type { ObjectAttributes, Segment, StoredObject, StoredPart } from './records.ts';
import { header, queryValue, type S3Request } from './request.ts';
import type { Store } from './store.ts';

/** Copies share the source's blobs; bytes are read only where a checksum or an ETag has to be computed. */

const SOURCE_HEADERS = ['x-amz-copy-source', ...SOURCE_CONDITIONS];

export const copyObject: Operation = {
  name: 'CopyObject',
  reads: false,
  checksumIsOfObject: true,
  headers: [
    ...SOURCE_HEADERS,
    ...ATTRIBUTE_HEADERS,
    ...WRITE_CONDITIONS,
    'x-amz-metadata-directive',
    'x-amz-tagging-directive',
    'x-amz-checksum-algorithm',
  ],
  async run(context) {
    const { request, store } = context;
    store.bucket(request.bucket);
    const source = copySource(context);
    const condition = writeCondition(request);
    if (source.object.bytes > MAX_PUT_BYTES)
      throw new S3Error(
        'InvalidRequest',
        `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PUT_BYTES}`,
      );
    const attributes = copiedAttributes(request, source);
    const asked = header(request, 'x-amz-checksum-algorithm');
    const algorithm = asked === undefined ? source.object.checksum.algorithm : parseAlgorithm(asked);

    return withSegments(store, source.object.segments, async (segments) => {
      const { etag, checksum } = await identityOfCopy(store, source.object, algorithm);
      const object: StoredObject = {
        ...attributes,
        etag,
        bytes: source.object.bytes,
        lastModifiedMs: context.nowMs(),
        segments,
        checksum: { algorithm, type: 'FULL_OBJECT', value: checksum },
      };
      commitObject(context, object, condition, 'ObjectCreated:Copy');
      return xmlAnswer('CopyObjectResult', {
        ETag: quoted(etag),
        LastModified: isoDate(object.lastModifiedMs),
        [checksumElement(algorithm)]: checksum,
        ChecksumType: 'FULL_OBJECT',
      });
    });
  },
};

export const uploadPartCopy: Operation = {
  name: 'UploadPartCopy',
  reads: false,
  checksumIsOfObject: true,
  parameters: ['partNumber', 'uploadId'],
  headers: [...SOURCE_HEADERS, 'x-amz-copy-source-range'],
  async run(context) {
    const { request, store } = context;
    const number = partNumber(request);
    const uploadId = queryValue(request, 'uploadId') ?? '';
    const { upload } = store.upload(request.bucket, request.key, uploadId);
    const { object } = copySource(context);
    const rangeText = header(request, 'x-amz-copy-source-range');
    const { firstByte, bytes } =
      rangeText === undefined
        ? { firstByte: 0, bytes: object.bytes }
        : parseCopyRange(rangeText, object.bytes);
    if (bytes > MAX_PUT_BYTES)
      throw new S3Error(
        'InvalidRequest',
        `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PUT_BYTES}`,
      );

    return withSegments(store, sliceSegments(object.segments, firstByte, bytes), async (segments) => {
      const { md5, checksum } = await hashSegments(store, segments, upload.algorithm);
      // The upload may have ended meanwhile.
      store.upload(request.bucket, request.key, uploadId);
      const part: StoredPart = { etag: md5, bytes, lastModifiedMs: context.nowMs(), segments, checksum };
      store.commit({ type: 'part', uploadId, number, part });
      return xmlAnswer('CopyPartResult', {
        ETag: quoted(md5),
        LastModified: isoDate(part.lastModifiedMs),
        [checksumElement(upload.algorithm)]: checksum,
      });
    });
  },
};

interface Source {
  readonly bucket: string;
  readonly key: string;
  readonly object: StoredObject;
}

/** @throws S3Error InvalidArgument, NotImplemented, NoSuchBucket, NoSuchKey, PreconditionFailed */
function copySource({ request, store }: Context): Source {
  const { bucket, key } = copySourceOf(request);
  const object = store.object(bucket, key);
  checkSource(request, object);
  return { bucket, key, object };
}

function copiedAttributes(request: S3Request, source: Source): ObjectAttributes {
  const replaceMetadata = directive(request, 'x-amz-metadata-directive') === 'REPLACE';
  const replaceTags = directive(request, 'x-amz-tagging-directive') === 'REPLACE';
  if (!replaceMetadata && source.bucket === request.bucket && source.key === request.key)
    throw new S3Error(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  const { object } = source;
  return {
    headers: replaceMetadata ? readStoredHeaders(request) : object.headers,
    metadata: replaceMetadata ? readMetadata(request) : object.metadata,
    tags: replaceTags ? readTags(request) : object.tags,
  };
}

function directive(request: S3Request, name: string): 'COPY' | 'REPLACE' {
  const value = header(request, name) ?? 'COPY';
  if (value !== 'COPY' && value !== 'REPLACE')
    throw new S3Error(
      'InvalidArgument',
      `Unknown ${name === 'x-amz-metadata-directive' ? 'metadata' : 'tagging'} directive.`,
      {
        ArgumentName: name,
        ArgumentValue: value,
      },
    );
  return value;
}

/** A copy has the ETag and the checksum of an object put at once, whatever the source was. */
async function identityOfCopy(
  store: Store,
  source: StoredObject,
  algorithm: ChecksumAlgorithm,
): Promise<{ etag: string; checksum: string }> {
  const { checksum, etag } = source;
  if (!etag.includes('-') && checksum.algorithm === algorithm && checksum.type === 'FULL_OBJECT')
    return { etag, checksum: checksum.value };
  const hashes = await hashSegments(store, source.segments, algorithm);
  return { etag: hashes.md5, checksum: hashes.checksum };
}

async function hashSegments(
  store: Store,
  segments: readonly Segment[],
  algorithm: ChecksumAlgorithm,
): Promise<{ md5: string; checksum: string }> {
  const md5 = createHash('md5');
  const checksum = runningChecksum(algorithm);
  for await (const chunk of store.blobs.read(segments)) {
    md5.update(chunk);
    checksum.update(chunk);
  }
  return { md5: md5.digest('hex'), checksum: checksum.digest().toString('base64') };
}

/** Keeps the bytes while they are used, even when their object is deleted. */
async function withSegments<Result>(
  store: Store,
  segments: readonly Segment[],
  use: (segments: readonly Segment[]) => Promise<Result>,
): Promise<Result> {
  store.blobs.retain(segments);
  try {
    return await use(segments);
  } finally {
    store.blobs.release(segments);
  }
}
