import { createBucket, headBucket, listBuckets } from './buckets.ts';
import { completeMultipartUpload } from './completeUpload.ts';
import type { Operation } from './context.ts';
import { copyObject, uploadPartCopy } from './copy.ts';
import { deleteObject, deleteObjects } from './deletes.ts';
import { notImplemented, S3Error } from './errors.ts';
import { listObjectsV2 } from './listObjects.ts';
import { listMultipartUploads, listParts } from './listUploads.ts';
import { abortMultipartUpload, createMultipartUpload, uploadPart } from './multipart.ts';
import { getObject, headObject, putObject } from './objects.ts';
import { header, isSignatureParameter, queryValue, type S3Request } from './request.ts';
import { getObjectTagging, putObjectTagging } from './tagging.ts';

/**
 * Which operation a request asks for.
 *
 * @throws S3Error NotImplemented for an operation, parameter or header that exists on S3 and not here
 */
export function route(request: S3Request): Operation {
  const operation = select(request);
  if (operation === undefined) throw notImplemented(`${request.method} ${describe(request)}`);
  refuseUnknownParameters(request, operation);
  refuseUnknownHeaders(request, operation);
  return operation;
}

function describe(request: S3Request): string {
  const level = request.bucket === '' ? 'the service' : request.key === '' ? 'a bucket' : 'an object';
  const names = request.query.map(([name]) => name).filter((name) => !isSignatureParameter(name));
  return names.length === 0 ? `of ${level}` : `of ${level} with ${names.join(', ')}`;
}

function select(request: S3Request): Operation | undefined {
  const has = (name: string) => queryValue(request, name) !== undefined;
  const copies = header(request, 'x-amz-copy-source') !== undefined;
  if (request.bucket === '') return request.method === 'GET' ? listBuckets : undefined;
  if (request.key === '') return selectForBucket(request.method, has);
  switch (request.method) {
    case 'PUT':
      if (has('uploadId')) return copies ? uploadPartCopy : uploadPart;
      if (has('tagging')) return putObjectTagging;
      return copies ? copyObject : putObject;
    case 'GET':
      if (has('uploadId')) return listParts;
      return has('tagging') ? getObjectTagging : getObject;
    case 'HEAD':
      return headObject;
    case 'DELETE':
      return has('uploadId') ? abortMultipartUpload : deleteObject;
    case 'POST':
      if (has('uploads')) return createMultipartUpload;
      return has('uploadId') ? completeMultipartUpload : undefined;
    case 'OPTIONS':
      return undefined;
    default:
      throw new S3Error('MethodNotAllowed', undefined, { Method: request.method });
  }
}

function selectForBucket(method: string, has: (name: string) => boolean): Operation | undefined {
  switch (method) {
    case 'GET':
      return has('uploads') ? listMultipartUploads : listObjectsV2;
    case 'HEAD':
      return headBucket;
    case 'PUT':
      return createBucket;
    case 'POST':
      return has('delete') ? deleteObjects : undefined;
    default:
      return undefined;
  }
}

function refuseUnknownParameters(request: S3Request, { parameters = [], name }: Operation): void {
  for (const [parameter] of request.query) {
    const known =
      // The SDK names the operation there.
      parameter === 'x-id' || parameter.toLowerCase().startsWith('x-amz-') || parameters.includes(parameter);
    if (!known) throw notImplemented(`The parameter ${parameter} of ${name}`, { Resource: parameter });
  }
}

/** Of every signed request. */
const COMMON_HEADERS = ['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token', 'x-amz-user-agent'];

function refuseUnknownHeaders(request: S3Request, { headers = [], name }: Operation): void {
  for (const [header, value] of request.headers) {
    if (!header.startsWith('x-amz-') && !header.startsWith('if-')) continue;
    const known = [...COMMON_HEADERS, ...headers].some((other) =>
      other.endsWith('-') ? header.startsWith(other) : header === other,
    );
    const onlyClass = header !== 'x-amz-storage-class' || value === 'STANDARD';
    if (!known || !onlyClass) throw notImplemented(`The header ${header} of ${name}`, { Header: header });
  }
}
