import type { Right } from '../shared/policy.ts';
import { copySourceOf } from './copySource.ts';
import { header, queryValue, type S3Request } from './request.ts';
import type { Store } from './store.ts';

/**
 * The rights that each operation needs: "Required permissions for Amazon S3 API operations" (S3 User Guide), and "Actions,
 * resources, and condition keys for Amazon S3" (Service Authorization Reference).
 */

interface Asked {
  readonly request: S3Request;
  readonly store: Store;
}
type Rights = (asked: Asked) => readonly Right[];

const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`;
const onBucket =
  (action: string): Rights =>
  ({ request }) => [{ action, resource: bucketArn(request.bucket) }];
const onObject =
  (action: string): Rights =>
  ({ request }) => [objectRight(action, request.bucket, request.key)];
const all =
  (...rights: Rights[]): Rights =>
  (asked) =>
    rights.flatMap((one) => one(asked));

function objectRight(action: string, bucket: string, key: string): Right {
  return { action, resource: `${bucketArn(bucket)}/${key}` };
}

/**
 * "If the object you request doesn't exist, the error that Amazon S3 returns depends on whether you also have the
 * s3:ListBucket permission": 404 with it, 403 without (GetObject and HeadObject in the API reference). There is no prefix in
 * such a request.
 */
function read(store: Store, bucket: string, key: string, action = 's3:GetObject'): Right[] {
  const inBucket = store.buckets.get(bucket);
  // Of a bucket that is not there, S3 says so to everybody.
  if (inBucket === undefined) return [];
  const isThere = inBucket.objects.get(key) !== undefined;
  return [
    objectRight(action, bucket, key),
    ...(isThere ? [] : [{ action: 's3:ListBucket', resource: bucketArn(bucket) }]),
  ];
}

const reads =
  (action: string): Rights =>
  ({ store, request }) =>
    read(store, request.bucket, request.key, action);

/**
 * "To perform conditional deletes using the If-Match header with the ETag value, you must have the s3:DeleteObject and
 * s3:GetObject permissions" (How to perform conditional deletes, S3 User Guide); writes are taken to need the same.
 */
const comparing: Rights = ({ store, request }) => compared(store, request, header(request, 'if-match'));

/** @param ifMatch an ETag is read; whether anything is there is not */
function compared(
  store: Store,
  { bucket, key }: Pick<S3Request, 'bucket' | 'key'>,
  ifMatch: string | undefined,
): readonly Right[] {
  return ifMatch === undefined || ifMatch === '*' ? [] : read(store, bucket, key);
}

const tagging: Rights = ({ request }) =>
  (header(request, 'x-amz-tagging') ?? '') === ''
    ? []
    : [objectRight('s3:PutObjectTagging', request.bucket, request.key)];

const source: Rights = ({ request, store }) => {
  const { bucket, key } = copySourceOf(request);
  return read(store, bucket, key);
};

/** Tags are copied unless others are given: they are read there, and written here. */
const copiedTags: Rights = (asked) => {
  const { request, store } = asked;
  if (header(request, 'x-amz-tagging-directive') === 'REPLACE') return tagging(asked);
  const from = copySourceOf(request);
  const tags = store.buckets.get(from.bucket)?.objects.get(from.key)?.tags ?? [];
  if (tags.length === 0) return [];
  return [
    objectRight('s3:GetObjectTagging', from.bucket, from.key),
    objectRight('s3:PutObjectTagging', request.bucket, request.key),
  ];
};

const RIGHTS = {
  ListBuckets: () => [{ action: 's3:ListAllMyBuckets', resource: '*' }],
  CreateBucket: onBucket('s3:CreateBucket'),
  HeadBucket: onBucket('s3:ListBucket'),
  ListObjectsV2({ request }) {
    const prefix = queryValue(request, 'prefix');
    const context = prefix === undefined ? {} : { 's3:prefix': prefix };
    return [{ action: 's3:ListBucket', resource: bucketArn(request.bucket), context }];
  },
  ListMultipartUploads: onBucket('s3:ListBucketMultipartUploads'),
  // Each key by itself: `deletionRights`.
  DeleteObjects: () => [],
  GetObject: reads('s3:GetObject'),
  HeadObject: reads('s3:GetObject'),
  PutObject: all(onObject('s3:PutObject'), tagging, comparing),
  CopyObject: all(source, onObject('s3:PutObject'), copiedTags, comparing),
  DeleteObject: all(onObject('s3:DeleteObject'), comparing),
  GetObjectTagging: reads('s3:GetObjectTagging'),
  PutObjectTagging: reads('s3:PutObjectTagging'),
  CreateMultipartUpload: all(onObject('s3:PutObject'), tagging),
  UploadPart: onObject('s3:PutObject'),
  UploadPartCopy: all(source, onObject('s3:PutObject')),
  CompleteMultipartUpload: all(onObject('s3:PutObject'), comparing),
  AbortMultipartUpload: onObject('s3:AbortMultipartUpload'),
  ListParts: onObject('s3:ListMultipartUploadParts'),
} as const satisfies Readonly<Record<string, Rights>>;

export type OperationName = keyof typeof RIGHTS;

/** @throws S3Error for a copy source that cannot be read */
export function rightsOf(operation: OperationName, asked: Asked): readonly Right[] {
  const { request, store } = asked;
  const isThere = store.buckets.get(request.bucket) !== undefined;
  if (request.bucket !== '' && !isThere && operation !== 'CreateBucket') return [];
  return RIGHTS[operation](asked);
}

/** Of one key in a list of deletions. */
export function deletionRights(
  store: Store,
  bucket: string,
  key: string,
  ifMatch: string | undefined,
): readonly Right[] {
  const right = objectRight('s3:DeleteObject', bucket, key);
  return [right, ...compared(store, { bucket, key }, ifMatch)];
}
