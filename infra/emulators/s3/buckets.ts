import { isoDate, type Operation, xmlAnswer } from './context.ts';
import { notImplemented, S3Error } from './errors.ts';
import { OWNER_ID } from './notifications.ts';
import { readDocument } from './payload.ts';
import { allowChildren, childText, parseXml } from './requestXml.ts';

export const listBuckets: Operation = {
  name: 'ListBuckets',
  reads: true,
  run({ store }) {
    const buckets = [...store.buckets.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return xmlAnswer('ListAllMyBucketsResult', {
      Owner: { ID: OWNER_ID },
      Buckets: {
        Bucket: buckets.map(([name, { createdMs }]) => ({ Name: name, CreationDate: isoDate(createdMs) })),
      },
    });
  },
};

export const headBucket: Operation = {
  name: 'HeadBucket',
  reads: true,
  run({ store, request, region }) {
    store.bucket(request.bucket);
    return { status: 200, headers: { 'x-amz-bucket-region': region, 'content-type': 'application/xml' } };
  },
};

export const createBucket: Operation = {
  name: 'CreateBucket',
  reads: false,
  takesBody: true,
  async run({ store, request, region, nowMs, payload }) {
    checkBucketName(request.bucket);
    const body = await readDocument(payload);
    if (body.length > 0) {
      const document = parseXml(body, 'CreateBucketConfiguration');
      const constraint = childText(document, 'LocationConstraint');
      if (constraint !== undefined && constraint !== region)
        throw new S3Error('IllegalLocationConstraintException');
      if (document.children.some(({ name }) => name === 'Bucket' || name === 'Location' || name === 'Tags'))
        throw notImplemented('CreateBucketConfiguration beyond LocationConstraint');
      allowChildren(document, ['LocationConstraint', '#text']);
    }
    if (store.buckets.get(request.bucket) === undefined)
      store.commit({ type: 'bucket', bucket: request.bucket, createdMs: nowMs() });
    // In this region alone, creating one's own bucket again is no error.
    else if (region !== 'us-east-1') throw new S3Error('BucketAlreadyOwnedByYou');
    return { status: 200, headers: { location: `/${request.bucket}`, 'content-length': '0' } };
  },
};

/** @throws S3Error InvalidBucketName */
export function checkBucketName(name: string): void {
  const wellFormed = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..');
  if (!wellFormed || /^\d+\.\d+\.\d+\.\d+$/.test(name))
    throw new S3Error('InvalidBucketName', undefined, { BucketName: name });
}
