import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Check, holds } from './check.ts';
import type { VerifyContext } from './context.ts';

/** Where checks write: below neither `records/` nor `state/`, so that nobody takes it for a recording. */
export const probePrefix = (runId: string): string => `${runId}/`;

/** What checks have written, in both buckets. No key of the library, which may be versioned, is written twice. */
export async function removeProbes({ s3, deployment, runId }: VerifyContext): Promise<void> {
  for (const Bucket of [deployment.landingBucket, deployment.libraryBucket]) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: probePrefix(runId) }));
    for (const { Key } of Contents) {
      const { VersionId } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
      await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    }
  }
}

/** Who was refused, as `412 PreconditionFailed`. */
export async function refusalOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === undefined) throw error;
    return `${$metadata.httpStatusCode} ${name}`;
  }
  return 'done';
}

export async function isRefused(what: string, expected: string, request: Promise<unknown>): Promise<void> {
  const seen = await refusalOf(request);
  holds(seen === expected, `${what} is answered ${seen}, and not ${expected}`);
}

const LOST = '412 PreconditionFailed';
const GONE = '404 NoSuchKey';
const OTHER_ETAG = '"00000000000000000000000000000000"';

/** What state, moves and links rely on, with objects of one request. */
export function storageChecks({ s3, deployment, runId }: VerifyContext): Check[] {
  const { landingBucket: landing, libraryBucket: library } = deployment;
  const key = (name: string): string => `${probePrefix(runId)}${name}`;
  const put = (name: string, more: Partial<PutObjectCommand['input']> = {}) =>
    s3.send(new PutObjectCommand({ Bucket: landing, Key: key(name), Body: 'verify', ...more }));
  const copy = (source: string, name: string, more: Partial<CopyObjectCommand['input']> = {}) =>
    s3.send(
      new CopyObjectCommand({
        Bucket: library,
        Key: key(name),
        CopySource: encodeURIComponent(`${landing}/${key(source)}`),
        ...more,
      }),
    );

  return [
    {
      claim: 'PutObject with If-None-Match writes what is new and refuses what is there',
      run: async () => {
        await put('created', { IfNoneMatch: '*' });
        await isRefused('the second one', LOST, put('created', { IfNoneMatch: '*' }));
        return undefined;
      },
    },
    {
      claim: 'PutObject with If-Match replaces that object alone, and says 404 where there is none',
      run: async () => {
        const { ETag } = await put('replaced');
        await put('replaced', { IfMatch: ETag, Body: 'verify again' });
        await isRefused('the ETag of before', LOST, put('replaced', { IfMatch: ETag }));
        await isRefused('a key without an object', GONE, put('missing', { IfMatch: OTHER_ETAG }));
        return undefined;
      },
    },
    {
      claim: 'GetObject of nothing says 404, not 403, to whoever may list',
      run: async () => {
        for (const Bucket of [landing, library]) {
          const get = s3.send(new GetObjectCommand({ Bucket, Key: key('missing') }));
          await isRefused(`a key without an object in ${Bucket}`, GONE, get);
        }
        return undefined;
      },
    },
    {
      claim: 'GetObject with If-None-Match says 304 while nothing has changed',
      run: async () => {
        const { ETag } = await put('polled');
        const get = s3.send(new GetObjectCommand({ Bucket: landing, Key: key('polled'), IfNoneMatch: ETag }));
        const seen = await refusalOf(get);
        holds(seen.startsWith('304 '), `it is answered ${seen}`);
        return undefined;
      },
    },
    {
      claim: 'DeleteObject with If-Match deletes that object alone',
      run: async () => {
        const { ETag } = await put('deleted');
        const remove = (IfMatch: string | undefined) =>
          s3.send(new DeleteObjectCommand({ Bucket: landing, Key: key('deleted'), IfMatch }));
        await isRefused('another ETag', LOST, remove(OTHER_ETAG));
        await remove(ETag);
        await isRefused(
          'the deleted object',
          GONE,
          s3.send(new GetObjectCommand({ Bucket: landing, Key: key('deleted') })),
        );
        return undefined;
      },
    },
    {
      claim: 'CopyObject keeps both conditions, replaces metadata and keeps the CRC-32',
      run: async () => {
        const { ETag, ChecksumCRC32: crc32 } = await put('source', {
          ChecksumAlgorithm: 'CRC32',
          Tagging: 'of=source',
          Metadata: { of: 'source' },
        });
        const options = {
          MetadataDirective: 'REPLACE',
          TaggingDirective: 'REPLACE',
          ChecksumAlgorithm: 'CRC32',
        } as const;
        await isRefused(
          'another ETag',
          LOST,
          copy('source', 'copy', { ...options, CopySourceIfMatch: OTHER_ETAG }),
        );
        const first = { ...options, CopySourceIfMatch: ETag, IfNoneMatch: '*', Metadata: { of: 'copy' } };
        await copy('source', 'copy', first);
        await isRefused('a taken key', LOST, copy('source', 'copy', first));
        const head = await s3.send(
          new HeadObjectCommand({ Bucket: library, Key: key('copy'), ChecksumMode: 'ENABLED' }),
        );
        holds(head.Metadata?.of === 'copy', `its metadata are ${JSON.stringify(head.Metadata)}`);
        holds(head.ChecksumCRC32 === crc32, `its CRC-32 is ${head.ChecksumCRC32}, and was ${crc32}`);
        return undefined;
      },
    },
    {
      claim: 'a copy whose tags are replaced by none has none',
      run: async () => {
        const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: library, Key: key('copy') }));
        holds(TagSet?.length === 0, `its tags are ${JSON.stringify(TagSet)}`);
        return undefined;
      },
    },
    {
      claim: 'a signed link serves a range',
      run: async () => {
        const answer = await fetch(await link(s3, library, key('copy')), { headers: { range: 'bytes=0-2' } });
        const body = await answer.text();
        holds(answer.status === 206 && body === 'ver', `it is answered ${answer.status} "${body}"`);
        return undefined;
      },
    },
  ];
}

const LINK_SECONDS = 900;

export function link(s3: S3Client, bucket: string, key: string): Promise<string> {
  return getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: LINK_SECONDS });
}
