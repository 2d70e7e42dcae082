import { AbortMultipartUploadCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
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

describe('UploadPartCopy', () => {
  const copyPart = (upload: TestUpload, PartNumber: number, source: string, input = {}) =>
    endpoint.client.send(
      new UploadPartCopyCommand({
        ...upload.target,
        PartNumber,
        CopySource: encodeURIComponent(`${Bucket}/${source}`),
        ...input,
      }),
    );

  it('copies whole objects and ranges of them, between uploaded parts', async () => {
    const source = endpoint.key('source');
    const bytes = patternBytes(11 * MIB, 4);
    await put(endpoint, source, bytes);
    const upload = await TestUpload.create(endpoint);
    const head = patternBytes(5 * MIB, 5);
    const one = await upload.part(1, head);
    const two = await copyPart(upload, 2, source, { CopySourceRange: `bytes=100-${6 * MIB + 99}` });
    const three = await copyPart(upload, 3, source);
    const piece = bytes.subarray(100, 6 * MIB + 100);
    expect(two.CopyPartResult?.ETag).toBe(`"${md5Hex(piece)}"`);
    await upload.complete([
      listed(1, one),
      { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
      { PartNumber: 3, ETag: three.CopyPartResult?.ETag },
    ]);
    expect((await getBytes(endpoint, upload.key)).equals(Buffer.concat([head, piece, bytes]))).toBe(true);
  });

  it('copies from a multipart object, across its parts', async () => {
    const parts = [patternBytes(5 * MIB, 1), patternBytes(100, 2)];
    const source = endpoint.key('source');
    await completedUpload(endpoint, source, parts);
    const upload = await TestUpload.create(endpoint);
    const range = { CopySourceRange: `bytes=${5 * MIB - 50}-${5 * MIB + 49}` };
    const part = await copyPart(upload, 1, source, range);
    await upload.complete([{ PartNumber: 1, ETag: part.CopyPartResult?.ETag }]);
    const expected = Buffer.concat(parts).subarray(5 * MIB - 50, 5 * MIB + 50);
    expect((await getBytes(endpoint, upload.key)).equals(expected)).toBe(true);
  });

  it.each(['bytes=0-100', 'bytes=0-', 'bytes=-5', '0-5', 'bytes=5-1'])(
    'refuses %s of an object of 10 bytes',
    async (CopySourceRange) => {
      const source = endpoint.key('source');
      await put(endpoint, source, '0123456789');
      const upload = await TestUpload.create(endpoint);
      const { status, code } = await refusal(copyPart(upload, 1, source, { CopySourceRange }));
      expect([400, 416]).toContain(status);
      expect(['InvalidArgument', 'InvalidRange', 'InvalidRequest']).toContain(code);
    },
  );

  it('takes conditions on the source', async () => {
    const source = endpoint.key('source');
    const etag = await put(endpoint, source, 'x');
    const upload = await TestUpload.create(endpoint);
    const lost = { status: 412, code: 'PreconditionFailed' };
    expect(await refusal(copyPart(upload, 1, source, { CopySourceIfMatch: '"other"' }))).toEqual(lost);
    expect(await refusal(copyPart(upload, 1, source, { CopySourceIfNoneMatch: etag }))).toEqual(lost);
    await copyPart(upload, 1, source, { CopySourceIfMatch: etag });
  });

  it('keeps its bytes when the source goes', async () => {
    const source = endpoint.key('source');
    await put(endpoint, source, 'from the source');
    const upload = await TestUpload.create(endpoint);
    const { CopyPartResult } = await copyPart(upload, 1, source);
    await put(endpoint, source, 'replaced');
    await upload.complete([{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    expect(await getText(endpoint, upload.key)).toBe('from the source');
  });

  it('of a source that is not there, or into an unknown upload, is refused', async () => {
    const upload = await TestUpload.create(endpoint);
    const missing = copyPart(upload, 1, endpoint.key('missing'));
    expect(await refusal(missing)).toEqual({ status: 404, code: 'NoSuchKey' });
    const source = endpoint.key('source');
    await put(endpoint, source);
    expect(await refusal(copyPart(upload, 1, source, { UploadId: 'unknown' }))).toEqual(NO_UPLOAD);
  });
});

describe('AbortMultipartUpload', () => {
  const abort = (upload: TestUpload) => endpoint.client.send(new AbortMultipartUploadCommand(upload.target));

  it('ends the upload and its parts', async () => {
    const upload = await TestUpload.create(endpoint);
    const list = [listed(1, await upload.part(1, 'one'))];
    expect((await abort(upload)).$metadata.httpStatusCode).toBe(204);
    expect(await refusal(upload.complete(list))).toEqual(NO_UPLOAD);
    expect(await refusal(upload.part(2, 'late'))).toEqual(NO_UPLOAD);
  });

  it('and CompleteMultipartUpload at a time: the object is whole or not there', async () => {
    for (let round = 0; round < 6; round += 1) {
      const upload = await TestUpload.create(endpoint);
      const list = [listed(1, await upload.part(1, 'one'))];
      const [completed] = await Promise.all([
        upload.complete(list).then(
          () => true,
          () => false,
        ),
        abort(upload).catch(() => undefined),
      ]);
      if (completed) expect(await getText(endpoint, upload.key)).toBe('one');
      else expect(await listKeys(endpoint, upload.key)).toEqual([]);
    }
  });
});
