import { checksumElement } from './checksums.ts';
import { isoDate, type Operation, quoted, xmlAnswer } from './context.ts';
import { keyEncoder } from './listObjects.ts';
import { OWNER_ID } from './notifications.ts';
import type { Upload } from './records.ts';
import { integerQuery, queryValue } from './request.ts';
import { compareUtf8 } from './text.ts';

const MAX_ITEMS = 1000;
const OWNER = { ID: OWNER_ID };

export const listParts: Operation = {
  name: 'ListParts',
  reads: true,
  parameters: ['uploadId', 'max-parts', 'part-number-marker'],
  run({ request, store }) {
    const open = store.upload(request.bucket, request.key, queryValue(request, 'uploadId') ?? '');
    const { upload } = open;
    const range = { min: 0, max: 2 ** 31 - 1 };
    const marker = integerQuery(request, 'part-number-marker', range) ?? 0;
    const maxParts = Math.min(integerQuery(request, 'max-parts', range) ?? MAX_ITEMS, MAX_ITEMS);
    const after = [...open.parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
    const page = after.slice(0, maxParts);
    const truncated = page.length < after.length;
    return xmlAnswer('ListPartsResult', {
      Bucket: upload.bucket,
      Key: upload.key,
      UploadId: upload.uploadId,
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: 'STANDARD',
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.[0] ?? 0,
      MaxParts: maxParts,
      IsTruncated: truncated,
      ...checksumOf(upload),
      Part: page.map(([number, part]) => ({
        PartNumber: number,
        LastModified: isoDate(part.lastModifiedMs),
        ETag: quoted(part.etag),
        Size: part.bytes,
        ...(upload.algorithmNamed && { [checksumElement(upload.algorithm)]: part.checksum }),
      })),
    });
  },
};

export const listMultipartUploads: Operation = {
  name: 'ListMultipartUploads',
  reads: true,
  parameters: ['uploads', 'prefix', 'key-marker', 'upload-id-marker', 'max-uploads', 'encoding-type'],
  run({ request, store }) {
    store.bucket(request.bucket);
    const encode = keyEncoder(request);
    const prefix = queryValue(request, 'prefix') ?? '';
    const keyMarker = queryValue(request, 'key-marker') ?? '';
    // Without a key marker it says nothing.
    const idMarker = keyMarker === '' ? '' : (queryValue(request, 'upload-id-marker') ?? '');
    const maxUploads = Math.min(
      integerQuery(request, 'max-uploads', { min: 1, max: 2 ** 31 - 1 }) ?? MAX_ITEMS,
      MAX_ITEMS,
    );
    const after = [...store.uploads.values()]
      .map(({ upload }) => upload)
      .filter(({ bucket, key }) => bucket === request.bucket && key.startsWith(prefix))
      .filter(({ key, uploadId }) => {
        const order = compareUtf8(key, keyMarker);
        return order > 0 || (order === 0 && idMarker !== '' && uploadId > idMarker);
      })
      .sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.uploadId, b.uploadId));
    const page = after.slice(0, maxUploads);
    const last = page.at(-1);
    const truncated = page.length < after.length;
    return xmlAnswer('ListMultipartUploadsResult', {
      Bucket: request.bucket,
      KeyMarker: encode(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: truncated && last !== undefined ? encode(last.key) : '',
      NextUploadIdMarker: truncated && last !== undefined ? last.uploadId : '',
      Prefix: encode(prefix),
      EncodingType: queryValue(request, 'encoding-type'),
      MaxUploads: maxUploads,
      IsTruncated: truncated,
      Upload: page.map((upload) => ({
        Key: encode(upload.key),
        UploadId: upload.uploadId,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: 'STANDARD',
        Initiated: isoDate(upload.initiatedMs),
        ...checksumOf(upload),
      })),
    });
  },
};

function checksumOf(upload: Upload): Record<string, string> {
  if (!upload.algorithmNamed) return {};
  return { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType };
}
