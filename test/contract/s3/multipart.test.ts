import {
  CopyObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import {
  contractEndpoint,
  getBytes,
  getText,
  listKeys,
  MIB,
  md5Hex,
  patternBytes,
  put,
  refusal,
} from './support.ts';
import { completedUpload, listed, TestUpload } from './uploads.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;
const NO_UPLOAD = { status: 404, code: 'NoSuchUpload' };
const INVALID_PART = { status: 400, code: 'InvalidPart' };

function etagOfParts(parts: readonly Uint8Array[]): string {
  const digests = parts.map((part) => Buffer.from(md5Hex(part), 'hex'));
  return `"${md5Hex(Buffer.concat(digests))}-${parts.length}"`;
}

describe('a multipart upload', () => {
  it('makes one object of its parts', async () => {
    const parts = [patternBytes(5 * MIB, 1), patternBytes(5 * MIB + 3, 2), patternBytes(77, 3)];
    const key = endpoint.key();
    const answer = await completedUpload(endpoint, key, parts);
    expect(answer).toMatchObject({ Bucket, Key: key, ETag: etagOfParts(parts) });
    expect((await getBytes(endpoint, key)).equals(Buffer.concat(parts))).toBe(true);
    const head = await endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }));
    expect(head).toMatchObject({ ETag: etagOfParts(parts), ContentLength: 10 * MIB + 80 });
  });

  it('is read by ranges across its parts', async () => {
    const parts = [patternBytes(5 * MIB, 1), patternBytes(5 * MIB, 2), patternBytes(1000, 3)];
    const key = endpoint.key();
    await completedUpload(endpoint, key, parts);
    const whole = Buffer.concat(parts);
    for (const [first, last] of [
      [5 * MIB - 10, 5 * MIB + 9],
      [5 * MIB, 5 * MIB],
      [10, 10 * MIB + 500],
    ] as const) {
      const { Body } = await endpoint.client.send(
        new GetObjectCommand({ Bucket, Key: key, Range: `bytes=${first}-${last}` }),
      );
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      expect(bytes.equals(whole.subarray(first, last + 1))).toBe(true);
    }
  });

  it('carries metadata, content type and tags from its creation', async () => {
    const key = endpoint.key();
    await completedUpload(endpoint, key, [patternBytes(10)], {
      Metadata: { a: '1' },
      ContentType: 'video/mp4',
      Tagging: 't=1',
    });
    const head = await endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }));
    expect(head).toMatchObject({ Metadata: { a: '1' }, ContentType: 'video/mp4' });
    const { TagSet } = await endpoint.client.send(new GetObjectTaggingCommand({ Bucket, Key: key }));
    expect(TagSet).toEqual([{ Key: 't', Value: '1' }]);
  });

  it('is not there before it is completed: not read, not listed, not a copy source', async () => {
    const upload = await TestUpload.create(endpoint);
    await upload.part(1, 'part');
    const gone = { status: 404, code: 'NoSuchKey' };
    expect(await refusal(getText(endpoint, upload.key))).toEqual(gone);
    expect(await listKeys(endpoint, upload.key)).toEqual([]);
    const CopySource = encodeURIComponent(`${Bucket}/${upload.key}`);
    const copy = endpoint.client.send(new CopyObjectCommand({ Bucket, Key: endpoint.key(), CopySource }));
    expect(await refusal(copy)).toEqual(gone);
  });

  it('leaves the old object readable until it is completed', async () => {
    const key = endpoint.key();
    await put(endpoint, key, 'old');
    const upload = await TestUpload.create(endpoint, key);
    const part = await upload.part(1, 'new');
    expect(await getText(endpoint, key)).toBe('old');
    await upload.complete([listed(1, part)]);
    expect(await getText(endpoint, key)).toBe('new');
  });

  it('takes part numbers with gaps, in any order, several at a time', async () => {
    const upload = await TestUpload.create(endpoint);
    const bodies = new Map([
      [10_000, patternBytes(100, 1)],
      [3, patternBytes(5 * MIB, 2)],
      [500, patternBytes(5 * MIB, 3)],
    ]);
    const parts = await Promise.all(
      [...bodies].map(async ([number, body]) => listed(number, await upload.part(number, body))),
    );
    await upload.complete(parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0)));
    const expected = Buffer.concat([3, 500, 10_000].map((number) => bodies.get(number) ?? Buffer.alloc(0)));
    expect((await getBytes(endpoint, upload.key)).equals(expected)).toBe(true);
  });

  it('takes a part again with another size: the last one counts, the first is gone', async () => {
    const upload = await TestUpload.create(endpoint);
    const first = await upload.part(1, patternBytes(6 * MIB, 1));
    const tail = await upload.part(2, 'tail');
    const replacement = patternBytes(5 * MIB + 12_345, 9);
    const second = await upload.part(1, replacement);
    const stale = upload.complete([listed(1, first), listed(2, tail)]);
    expect(await refusal(stale)).toEqual(INVALID_PART);
    await upload.complete([listed(1, second), listed(2, tail)]);
    const expected = Buffer.concat([replacement, Buffer.from('tail')]);
    expect((await getBytes(endpoint, upload.key)).equals(expected)).toBe(true);
  });

  it('leaves out parts that are not in the list', async () => {
    const upload = await TestUpload.create(endpoint);
    const kept = await upload.part(1, 'kept');
    await upload.part(2, 'left out');
    await upload.complete([listed(1, kept)]);
    expect(await getText(endpoint, upload.key)).toBe('kept');
  });

  it('shares a key with other uploads; each has its own parts', async () => {
    const key = endpoint.key();
    const [one, two] = [await TestUpload.create(endpoint, key), await TestUpload.create(endpoint, key)];
    expect(one.uploadId).not.toBe(two.uploadId);
    const [first, second] = [await one.part(1, 'one'), await two.part(1, 'two')];
    await two.complete([listed(1, second)]);
    expect(await getText(endpoint, key)).toBe('two');
    await one.complete([listed(1, first)]);
    expect(await getText(endpoint, key)).toBe('one');
  });
});

describe('CompleteMultipartUpload', () => {
  it('refuses a list that is not in ascending order', async () => {
    const upload = await TestUpload.create(endpoint);
    const [one, two] = [await upload.part(1, patternBytes(5 * MIB)), await upload.part(2, 'x')];
    const order = { status: 400, code: 'InvalidPartOrder' };
    expect(await refusal(upload.complete([listed(2, two), listed(1, one)]))).toEqual(order);
    expect(await refusal(upload.complete([listed(1, one), listed(1, one)]))).toEqual(order);
  });

  it('refuses a part that was not uploaded, or has another ETag', async () => {
    const upload = await TestUpload.create(endpoint);
    const one = await upload.part(1, 'one');
    expect(await refusal(upload.complete([listed(2, one)]))).toEqual(INVALID_PART);
    const wrong = { PartNumber: 1, ETag: `"${md5Hex('other')}"` };
    expect(await refusal(upload.complete([wrong]))).toEqual(INVALID_PART);
  });

  it('refuses parts under 5 MiB, but for the last', async () => {
    const upload = await TestUpload.create(endpoint);
    const small = await upload.part(1, patternBytes(5 * MIB - 1));
    const last = await upload.part(2, 'x');
    expect(await refusal(upload.complete([listed(1, small), listed(2, last)]))).toEqual({
      status: 400,
      code: 'EntityTooSmall',
    });
    await upload.complete([listed(1, small)]);
  });

  it('refuses an empty list', async () => {
    const upload = await TestUpload.create(endpoint);
    await upload.part(1, 'one');
    expect(await refusal(upload.complete([]))).toEqual({ status: 400, code: 'MalformedXML' });
  });

  it('after a refusal can be tried again', async () => {
    const upload = await TestUpload.create(endpoint);
    const one = await upload.part(1, 'one');
    await refusal(upload.complete([listed(2, one)]));
    await upload.complete([listed(1, one)]);
    expect(await getText(endpoint, upload.key)).toBe('one');
  });

  it('verifies the size that the client expects', async () => {
    const upload = await TestUpload.create(endpoint);
    const list = [listed(1, await upload.part(1, 'twelve bytes'))];
    expect(await refusal(upload.complete(list, { MpuObjectSize: 11 }))).toEqual({
      status: 400,
      code: 'InvalidRequest',
    });
    await upload.complete(list, { MpuObjectSize: 12 });
  });

  it('takes ETags without quotes', async () => {
    const upload = await TestUpload.create(endpoint);
    await upload.part(1, 'one');
    await upload.complete([{ PartNumber: 1, ETag: md5Hex('one') }]);
  });

  it('repeated as it was answers as before, and changes nothing', async () => {
    const upload = await TestUpload.create(endpoint);
    const list = [listed(1, await upload.part(1, 'one'))];
    const first = await upload.complete(list);
    const again = await upload.complete(list);
    expect(again.ETag).toBe(first.ETag);
    await put(endpoint, upload.key, 'newer');
    await upload.complete(list).catch(() => undefined);
    expect(await getText(endpoint, upload.key)).toBe('newer');
  });

  it('repeated with another list is refused', async () => {
    const upload = await TestUpload.create(endpoint);
    const one = await upload.part(1, 'one');
    await upload.complete([listed(1, one)]);
    expect(await refusal(upload.complete([listed(2, one)]))).toEqual(NO_UPLOAD);
  });

  it('ends the upload: no more parts, no abort', async () => {
    const upload = await TestUpload.create(endpoint);
    await upload.complete([listed(1, await upload.part(1, 'one'))]);
    expect(await refusal(upload.part(2, 'late'))).toEqual(NO_UPLOAD);
  });

  it('called twice at a time makes one object', async () => {
    for (let round = 0; round < 5; round += 1) {
      const upload = await TestUpload.create(endpoint);
      const list = [listed(1, await upload.part(1, `round ${round}`))];
      const outcomes = await Promise.all([1, 2].map(() => upload.complete(list).then(({ ETag }) => ETag)));
      expect(new Set(outcomes).size).toBe(1);
      expect(await getText(endpoint, upload.key)).toBe(`round ${round}`);
    }
  });
});

describe('UploadPart', () => {
  it.each([0, -1, 10_001])('refuses part number %d', async (number) => {
    const upload = await TestUpload.create(endpoint);
    expect(await refusal(upload.part(number, 'x'))).toEqual({ status: 400, code: 'InvalidArgument' });
  });

  it('of an unknown upload, or of one of another key, is refused', async () => {
    const upload = await TestUpload.create(endpoint);
    expect(await refusal(upload.part(1, 'x', { UploadId: 'unknown' }))).toEqual(NO_UPLOAD);
    expect(await refusal(upload.part(1, 'x', { Key: endpoint.key() }))).toEqual(NO_UPLOAD);
  });

  it('answers with the MD5 of the part as ETag', async () => {
    const upload = await TestUpload.create(endpoint);
    expect((await upload.part(1, 'a part')).ETag).toBe(`"${md5Hex('a part')}"`);
  });
});
