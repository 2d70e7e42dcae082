import { checkDelete } from './conditions.ts';
import { type Context, type Operation, xmlAnswer } from './context.ts';
import { notImplemented, S3Error } from './errors.ts';
import { readDocument } from './payload.ts';
import { header } from './request.ts';
import { allowChildren, childElements, childText, parseXml, type XmlElement } from './requestXml.ts';
import { deletionRights } from './rights.ts';
import type { XmlContent } from './xml.ts';

const MAX_KEYS = 1000;

export const deleteObject: Operation = {
  name: 'DeleteObject',
  reads: false,
  headers: ['if-match'],
  run(context) {
    deleteOne(context, context.request.key, header(context.request, 'if-match'));
    return { status: 204, headers: {} };
  },
};

export const deleteObjects: Operation = {
  name: 'DeleteObjects',
  reads: false,
  takesBody: true,
  parameters: ['delete'],
  headers: [
    'x-amz-checksum-',
    'x-amz-sdk-checksum-algorithm',
    'x-amz-trailer',
    'x-amz-decoded-content-length',
  ],
  async run(context) {
    const { request, payload, store } = context;
    store.bucket(request.bucket);
    if (payload.claimed === undefined && header(request, 'content-md5') === undefined)
      throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5');
    const document = parseXml(await readDocument(payload), 'Delete');
    allowChildren(document, ['Object', 'Quiet']);
    const objects = childElements(document, 'Object').map(readObject);
    if (objects.length === 0 || objects.length > MAX_KEYS) throw new S3Error('MalformedXML');
    const quiet = childText(document, 'Quiet')?.trim() === 'true';
    const deleted: XmlContent[] = [];
    const errors: XmlContent[] = [];
    for (const { key, etag } of objects) {
      try {
        context.authorize(deletionRights(store, request.bucket, key, etag));
        deleteOne(context, key, etag);
        if (!quiet) deleted.push({ Key: key });
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        errors.push({ Key: key, Code: error.code, Message: error.message });
      }
    }
    return xmlAnswer('DeleteResult', { Deleted: deleted, Error: errors });
  },
};

function readObject(element: XmlElement): { key: string; etag: string | undefined } {
  for (const name of ['VersionId', 'LastModifiedTime', 'Size'])
    if (childText(element, name) !== undefined) throw notImplemented(`${name} in a list of deletions`);
  allowChildren(element, ['Key', 'ETag']);
  const key = childText(element, 'Key');
  if (key === undefined || key === '') throw new S3Error('MalformedXML');
  return { key, etag: childText(element, 'ETag') };
}

/** Deleting what is not there is no error without a condition, and no event. */
function deleteOne({ store, request, notify }: Context, key: string, ifMatch: string | undefined): void {
  const { objects } = store.bucket(request.bucket);
  const existing = objects.get(key);
  checkDelete(ifMatch, existing, key);
  if (existing === undefined) return;
  const sequence = store.commit({ type: 'delete', bucket: request.bucket, key });
  notify({ eventName: 'ObjectRemoved:Delete', bucket: request.bucket, key, sequence });
}
