import { randomBytes } from 'node:crypto';
import { ATTRIBUTE_HEADERS, readAttributes } from './attributes.ts';
import { checksumHeader, parseAlgorithm, uploadChecksumType } from './checksums.ts';
import { type Operation, quoted, refuseTooLarge, xmlAnswer } from './context.ts';
import { S3Error } from './errors.ts';
import { BODY_HEADERS } from './objects.ts';
import type { Upload } from './records.ts';
import { header, queryValue, type S3Request } from './request.ts';
import { storeBody } from './storeBody.ts';

export const MAX_PART_NUMBER = 10_000;

export const createMultipartUpload: Operation = {
  name: 'CreateMultipartUpload',
  reads: false,
  checksumIsOfObject: true,
  parameters: ['uploads'],
  headers: [...ATTRIBUTE_HEADERS, 'x-amz-checksum-algorithm', 'x-amz-checksum-type'],
  run({ request, store, nowMs }) {
    store.bucket(request.bucket);
    const named = header(request, 'x-amz-checksum-algorithm');
    const type = header(request, 'x-amz-checksum-type');
    if (named === undefined && type !== undefined)
      throw new S3Error(
        'InvalidRequest',
        'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
      );
    const algorithm = named === undefined ? 'CRC64NVME' : parseAlgorithm(named);
    const upload: Upload = {
      ...readAttributes(request),
      uploadId: newUploadId(),
      bucket: request.bucket,
      key: request.key,
      initiatedMs: nowMs(),
      algorithm,
      checksumType: uploadChecksumType(algorithm, type),
      algorithmNamed: named !== undefined,
    };
    store.commit({ type: 'create', upload });
    return xmlAnswer(
      'InitiateMultipartUploadResult',
      { Bucket: upload.bucket, Key: upload.key, UploadId: upload.uploadId },
      upload.algorithmNamed
        ? { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': upload.checksumType }
        : {},
    );
  },
};

export const uploadPart: Operation = {
  name: 'UploadPart',
  reads: false,
  takesBody: true,
  parameters: ['partNumber', 'uploadId'],
  headers: BODY_HEADERS,
  async run(context) {
    const { request, payload, store } = context;
    const number = partNumber(request);
    const uploadId = queryValue(request, 'uploadId') ?? '';
    const { upload } = store.upload(request.bucket, request.key, uploadId);
    refuseTooLarge(payload.bytes);
    checkPartChecksum(upload, payload.claimed?.toLowerCase());
    return storeBody(context, upload.algorithm, ({ segments, bytes, md5, checksum, claimed }) => {
      // The upload may have ended while the part came in.
      store.upload(request.bucket, request.key, uploadId);
      const part = { etag: md5, bytes, lastModifiedMs: context.nowMs(), segments, checksum };
      store.commit({ type: 'part', uploadId, number, part });
      return {
        status: 200,
        headers: {
          etag: quoted(md5),
          'content-length': '0',
          [checksumHeader(claimed?.algorithm ?? upload.algorithm)]: claimed?.value ?? checksum,
        },
      };
    });
  },
};

/**
 * S3 computes a part's checksum itself only where it can make a full-object checksum of it.
 *
 * @throws S3Error InvalidRequest
 */
function checkPartChecksum(upload: Upload, claimed: string | undefined): void {
  const expected = upload.algorithm.toLowerCase();
  if (claimed === expected) return;
  if (claimed === undefined && upload.checksumType === 'FULL_OBJECT') return;
  if (claimed !== undefined && !upload.algorithmNamed) return;
  throw new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${claimed ?? 'null'}`,
  );
}

export const abortMultipartUpload: Operation = {
  name: 'AbortMultipartUpload',
  reads: false,
  parameters: ['uploadId'],
  run({ request, store }) {
    const uploadId = queryValue(request, 'uploadId') ?? '';
    store.upload(request.bucket, request.key, uploadId);
    store.commit({ type: 'abort', uploadId });
    return { status: 204, headers: {} };
  },
};

/** @throws S3Error InvalidArgument */
export function partNumber(request: S3Request): number {
  const number = Number(queryValue(request, 'partNumber') ?? '');
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER)
    throw new S3Error(
      'InvalidArgument',
      `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
      { ArgumentName: 'partNumber', ArgumentValue: queryValue(request, 'partNumber') ?? '' },
    );
  return number;
}

let lastStamp = 0;

/** In the order of creation, which is the order of ListMultipartUploads for one key. */
function newUploadId(): string {
  // Microseconds, kept distinct within the process.
  lastStamp = Math.max(Math.floor((performance.timeOrigin + performance.now()) * 1000), lastStamp + 1);
  return lastStamp.toString(36).padStart(12, '0') + randomBytes(18).toString('hex');
}
