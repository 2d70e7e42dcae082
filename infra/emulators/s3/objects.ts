import { ATTRIBUTE_HEADERS, attributeHeaders, RESPONSE_PARAMETERS, readAttributes } from './attributes.ts';
import { sliceSegments } from './blobs.ts';
import { checkRead, READ_CONDITIONS, WRITE_CONDITIONS, writeCondition } from './conditions.ts';
import {
  type Answer,
  type Context,
  checksumHeaders,
  commitObject,
  type Operation,
  quoted,
  refuseTooLarge,
} from './context.ts';
import { parseRange } from './ranges.ts';
import type { StoredObject } from './records.ts';
import { header } from './request.ts';
import { storeBody } from './storeBody.ts';

/** Headers about the checksum and the framing of a body that is stored. */
export const BODY_HEADERS = [
  'x-amz-checksum-',
  'x-amz-decoded-content-length',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-trailer',
];

export const putObject: Operation = {
  name: 'PutObject',
  reads: false,
  takesBody: true,
  headers: [...ATTRIBUTE_HEADERS, ...BODY_HEADERS, ...WRITE_CONDITIONS],
  async run(context) {
    const { request, payload, store } = context;
    store.bucket(request.bucket);
    refuseTooLarge(payload.bytes);
    const attributes = readAttributes(request);
    const condition = writeCondition(request);
    return storeBody(context, payload.claimed ?? 'CRC64NVME', ({ segments, bytes, md5, checksum }) => {
      const object: StoredObject = {
        ...attributes,
        etag: md5,
        bytes,
        lastModifiedMs: context.nowMs(),
        segments,
        checksum: { algorithm: payload.claimed ?? 'CRC64NVME', type: 'FULL_OBJECT', value: checksum },
      };
      commitObject(context, object, condition, 'ObjectCreated:Put');
      return {
        status: 200,
        headers: { etag: quoted(md5), 'content-length': '0', ...checksumHeaders(object.checksum) },
      };
    });
  },
};

const READ_HEADERS = ['x-amz-checksum-mode', ...READ_CONDITIONS];

export const getObject: Operation = {
  name: 'GetObject',
  reads: true,
  parameters: RESPONSE_PARAMETERS,
  headers: READ_HEADERS,
  run: readObject,
};

/** The server leaves out the body. */
export const headObject: Operation = { ...getObject, name: 'HeadObject' };

function readObject(context: Context): Answer {
  const { request, store } = context;
  const object = store.object(request.bucket, request.key);
  const identity = {
    etag: quoted(object.etag),
    'last-modified': new Date(object.lastModifiedMs).toUTCString(),
  };
  if (checkRead(request, object).notModified) return { status: 304, headers: identity };
  const range = parseRange(header(request, 'range'), object.bytes);
  const whole = range === undefined || range.bytes === object.bytes;
  const { firstByte, bytes } = range ?? { firstByte: 0, bytes: object.bytes };
  const segments = sliceSegments(object.segments, firstByte, bytes);
  store.blobs.retain(segments);
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...identity,
      ...attributeHeaders(object, request),
      'accept-ranges': 'bytes',
      'content-length': String(bytes),
      ...(range && { 'content-range': `bytes ${firstByte}-${firstByte + bytes - 1}/${object.bytes}` }),
      ...(whole &&
        header(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED' &&
        checksumHeaders(object.checksum)),
    },
    body: {
      bytes,
      open: () => store.blobs.read(segments),
      release: () => store.blobs.release(segments),
    },
  };
}
