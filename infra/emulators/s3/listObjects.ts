import { isoDate, type Operation, quoted, xmlAnswer } from './context.ts';
import { notImplemented, S3Error } from './errors.ts';
import { OWNER_ID } from './notifications.ts';
import type { StoredObject } from './records.ts';
import { integerQuery, queryValue, type S3Request } from './request.ts';
import type { SortedMap } from './sortedKeys.ts';
import { compareUtf8, urlEncodeKey } from './text.ts';

const MAX_KEYS = 1000;

/** Where a list goes on: after a key, or after all keys that begin with a common prefix. */
interface Position {
  readonly after?: string;
  readonly pastPrefix?: string;
}

interface Page {
  readonly objects: readonly (readonly [string, StoredObject])[];
  readonly commonPrefixes: readonly string[];
  readonly next: Position | undefined;
}

export const listObjectsV2: Operation = {
  name: 'ListObjectsV2',
  reads: true,
  parameters: [
    'list-type',
    'prefix',
    'delimiter',
    'max-keys',
    'continuation-token',
    'start-after',
    'encoding-type',
    'fetch-owner',
  ],
  run({ store, request }) {
    const { objects } = store.bucket(request.bucket);
    if (queryValue(request, 'list-type') !== '2') throw notImplemented('ListObjects of version 1');
    const prefix = queryValue(request, 'prefix') ?? '';
    const delimiter = queryValue(request, 'delimiter') ?? '';
    const startAfter = queryValue(request, 'start-after');
    const token = queryValue(request, 'continuation-token');
    const maxKeys = Math.min(
      integerQuery(request, 'max-keys', { min: 0, max: 2 ** 31 - 1 }) ?? MAX_KEYS,
      MAX_KEYS,
    );
    const encode = keyEncoder(request);
    const from = token === undefined ? { after: startAfter ?? '' } : decodeToken(token);
    const page = listPage(objects, { prefix, delimiter, maxKeys, from });
    const withOwner = queryValue(request, 'fetch-owner') === 'true';
    return xmlAnswer('ListBucketResult', {
      Name: request.bucket,
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      MaxKeys: maxKeys,
      EncodingType: queryValue(request, 'encoding-type'),
      KeyCount: page.objects.length + page.commonPrefixes.length,
      IsTruncated: page.next !== undefined,
      ContinuationToken: token,
      NextContinuationToken: page.next && encodeToken(page.next),
      StartAfter: startAfter === undefined ? undefined : encode(startAfter),
      Contents: page.objects.map(([key, object]) => ({
        Key: encode(key),
        LastModified: isoDate(object.lastModifiedMs),
        ETag: quoted(object.etag),
        ChecksumAlgorithm: object.checksum.algorithm,
        ChecksumType: object.checksum.type,
        Size: object.bytes,
        StorageClass: 'STANDARD',
        Owner: withOwner ? { ID: OWNER_ID } : undefined,
      })),
      CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: encode(common) })),
    });
  },
};

function listPage(
  objects: SortedMap<StoredObject>,
  spec: {
    readonly prefix: string;
    readonly delimiter: string;
    readonly maxKeys: number;
    readonly from: Position;
  },
): Page {
  const { prefix, delimiter, maxKeys } = spec;
  const found: [string, StoredObject][] = [];
  const commonPrefixes: string[] = [];
  let position = spec.from;
  let next: Position | undefined;
  if (maxKeys === 0) return { objects: found, commonPrefixes, next };
  for (;;) {
    const key = keyAfter(objects, position, prefix);
    if (key === undefined || !key.startsWith(prefix))
      return { objects: found, commonPrefixes, next: undefined };
    if (found.length + commonPrefixes.length === maxKeys) return { objects: found, commonPrefixes, next };
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end === -1) {
      const object = objects.get(key);
      if (object !== undefined) found.push([key, object]);
      position = { after: key };
    } else {
      const common = key.slice(0, end + delimiter.length);
      commonPrefixes.push(common);
      position = { pastPrefix: common };
    }
    next = position;
  }
}

function keyAfter(objects: SortedMap<StoredObject>, position: Position, prefix: string): string | undefined {
  if (position.pastPrefix !== undefined) return objects.firstKeyPastPrefix(position.pastPrefix);
  const after = position.after ?? '';
  return compareUtf8(after, prefix) < 0 ? objects.firstKey(prefix, false) : objects.firstKey(after, true);
}

function encodeToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function decodeToken(token: string): Position {
  const incorrect = new S3Error('InvalidArgument', 'The continuation token provided is incorrect', {
    ArgumentName: 'continuation-token',
  });
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw incorrect;
  }
  const { after, pastPrefix } = (value ?? {}) as Record<string, unknown>;
  if (typeof after === 'string') return { after };
  if (typeof pastPrefix === 'string' && pastPrefix !== '') return { pastPrefix };
  throw incorrect;
}

/** @throws S3Error InvalidArgument */
export function keyEncoder(request: S3Request): (key: string) => string {
  const type = queryValue(request, 'encoding-type');
  if (type === undefined || type === '') return (key) => key;
  if (type !== 'url')
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request', {
      ArgumentName: 'encoding-type',
      ArgumentValue: type,
    });
  return urlEncodeKey;
}
