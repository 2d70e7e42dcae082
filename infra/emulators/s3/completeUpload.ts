import { createHash } from 'node:crypto';
import {
  badDigest,
  CHECKSUM_ALGORITHMS,
  type Checksum,
  checksumElement,
  checksumHeader,
  checksumOfParts,
} from './checksums.ts';
import { unquoted, WRITE_CONDITIONS, writeCondition } from './conditions.ts';
import { type Answer, type Operation, quoted, xmlAnswer } from './context.ts';
import { S3Error } from './errors.ts';
import { MAX_PART_NUMBER } from './multipart.ts';
import { readDocument } from './payload.ts';
import type { CompletedUpload, StoredObject, StoredPart, Upload } from './records.ts';
import { header, queryValue, type S3Request } from './request.ts';
import { childElements, childText, parseXml, type XmlElement } from './requestXml.ts';
import type { OpenUpload, Store } from './store.ts';

/** A line of the list that the client sends. */
interface ListedPart {
  readonly number: number;
  readonly etag: string;
  /** Base64, by algorithm. */
  readonly checksums: ReadonlyMap<string, string>;
}

export const completeMultipartUpload: Operation = {
  name: 'CompleteMultipartUpload',
  reads: false,
  takesBody: true,
  checksumIsOfObject: true,
  parameters: ['uploadId'],
  headers: [
    ...WRITE_CONDITIONS,
    ...CHECKSUM_ALGORITHMS.map(checksumHeader),
    'x-amz-checksum-type',
    'x-amz-mp-object-size',
    'x-amz-sdk-checksum-algorithm',
  ],
  async run(context) {
    const { request, store } = context;
    const condition = writeCondition(request);
    const listed = readList(await readDocument(context.payload));
    const uploadId = queryValue(request, 'uploadId') ?? '';
    // From here on nothing is awaited: check and commit are one step.
    const repeated = repeatedAnswer(store, request, uploadId, listed);
    if (repeated !== undefined) return repeated;
    const open = store.upload(request.bucket, request.key, uploadId);
    condition(store.bucket(request.bucket).objects.get(request.key));
    const parts = chosenParts(open, listed, context.partMinBytes);
    const object = assemble(open.upload, parts, context.nowMs());
    checkAnnounced(request, open.upload, object);
    const completed: CompletedUpload = {
      uploadId,
      bucket: request.bucket,
      key: request.key,
      parts: listed.map(({ number, etag }) => ({ number, etag })),
      etag: object.etag,
      checksum: object.checksum,
    };
    const sequence = store.commit({ type: 'complete', completed, object });
    context.notify({
      eventName: 'ObjectCreated:CompleteMultipartUpload',
      bucket: request.bucket,
      key: request.key,
      sequence,
      object,
    });
    return result(context.request, completed);
  },
};

function readList(body: Buffer): readonly ListedPart[] {
  const document = parseXml(body, 'CompleteMultipartUpload');
  const listed = childElements(document, 'Part').map(readPart);
  if (listed.length === 0 || listed.length > MAX_PART_NUMBER) throw new S3Error('MalformedXML');
  for (const [index, { number }] of listed.entries())
    if (index > 0 && number <= (listed[index - 1]?.number ?? 0)) throw new S3Error('InvalidPartOrder');
  return listed;
}

function readPart(element: XmlElement): ListedPart {
  const number = Number(childText(element, 'PartNumber')?.trim() ?? '');
  const etag = childText(element, 'ETag')?.trim();
  if (!Number.isInteger(number) || etag === undefined) throw new S3Error('MalformedXML');
  if (number < 1 || number > MAX_PART_NUMBER)
    throw new S3Error('InvalidArgument', 'PartNumber must be >= 1', {
      ArgumentName: 'partNumber',
      ArgumentValue: number,
    });
  const checksums = new Map<string, string>();
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = childText(element, checksumElement(algorithm))?.trim();
    if (value !== undefined) checksums.set(algorithm, value);
  }
  return { number, etag: unquoted(etag), checksums };
}

/** S3 answers the same completion again as it did at first, also when it comes with If-None-Match. */
function repeatedAnswer(
  store: Store,
  request: S3Request,
  uploadId: string,
  listed: readonly ListedPart[],
): Answer | undefined {
  const done = store.completed.get(uploadId);
  if (done === undefined || done.bucket !== request.bucket || done.key !== request.key) return undefined;
  const same =
    done.parts.length === listed.length &&
    done.parts.every(({ number, etag }, i) => listed[i]?.number === number && listed[i].etag === etag);
  return same ? result(request, done) : undefined;
}

/** @throws S3Error InvalidPart, InvalidRequest, EntityTooSmall */
function chosenParts(
  { upload, parts }: OpenUpload,
  listed: readonly ListedPart[],
  partMinBytes: number,
): readonly StoredPart[] {
  const chosen = listed.map((line) => chosenPart(upload, parts.get(line.number), line));
  for (const [index, { bytes, etag }] of chosen.slice(0, -1).entries())
    if (bytes < partMinBytes)
      throw new S3Error('EntityTooSmall', undefined, {
        ProposedSize: bytes,
        MinSizeAllowed: partMinBytes,
        PartNumber: listed[index]?.number,
        ETag: etag,
      });
  return chosen;
}

function chosenPart(upload: Upload, part: StoredPart | undefined, line: ListedPart): StoredPart {
  const { number, etag, checksums } = line;
  const details = { UploadId: upload.uploadId, PartNumber: number, ETag: etag };
  if (part === undefined || part.etag !== etag) throw new S3Error('InvalidPart', undefined, details);
  if (!upload.algorithmNamed) return part;
  const algorithm = upload.algorithm.toLowerCase();
  const checksum = checksums.get(upload.algorithm);
  if (checksum === undefined && upload.checksumType === 'COMPOSITE')
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
    );
  const [other] = [...checksums.keys()].filter((name) => name !== upload.algorithm);
  if (other !== undefined)
    throw new S3Error(
      'BadDigest',
      `The ${other.toLowerCase()} you specified for part ${number} did not match what we received.`,
    );
  if (checksum !== undefined && checksum !== part.checksum)
    throw new S3Error('InvalidPart', undefined, details);
  return part;
}

function assemble(upload: Upload, parts: readonly StoredPart[], nowMs: number): StoredObject {
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(etag, 'hex');
  return {
    headers: upload.headers,
    metadata: upload.metadata,
    tags: upload.tags,
    etag: `${md5.digest('hex')}-${parts.length}`,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    lastModifiedMs: nowMs,
    segments: parts.flatMap((part) => part.segments),
    checksum: checksumOfParts(upload.algorithm, upload.checksumType, parts),
  };
}

/** What the client says of the whole object. @throws S3Error InvalidRequest, BadDigest */
function checkAnnounced(request: S3Request, upload: Upload, object: StoredObject): void {
  const size = header(request, 'x-amz-mp-object-size');
  if (size !== undefined && size !== String(object.bytes))
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${object.bytes}`,
    );
  const type = header(request, 'x-amz-checksum-type');
  if (type !== undefined && type !== upload.checksumType)
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using the ${upload.checksumType} checksum mode. The complete request must use the same checksum mode.`,
    );
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = header(request, checksumHeader(algorithm));
    if (value === undefined) continue;
    if (algorithm !== upload.algorithm || !isSameChecksum(value, object.checksum)) throw badDigest(algorithm);
  }
}

/** The number of parts may be left out. */
function isSameChecksum(value: string, checksum: Checksum): boolean {
  return value === checksum.value || value === checksum.value.split('-')[0];
}

function result(request: S3Request, { bucket, key, etag, checksum }: CompletedUpload): Answer {
  const host = header(request, 'host') ?? 'localhost';
  return xmlAnswer('CompleteMultipartUploadResult', {
    Location: `http://${host}/${bucket}/${encodeURIComponent(key)}`,
    Bucket: bucket,
    Key: key,
    ETag: quoted(etag),
    [checksumElement(checksum.algorithm)]: checksum.value,
    ChecksumType: checksum.type,
  });
}
