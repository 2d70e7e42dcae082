import { ListMultipartUploadsCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { contractEndpoint, MIB, md5Hex, patternBytes, present, refusal } from './support.ts';
import { listed, TestUpload } from './uploads.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;

describe('ListParts', () => {
  const list = (upload: TestUpload, input = {}) =>
    endpoint.client.send(new ListPartsCommand({ ...upload.target, ...input }));

  it('lists numbers, ETags, sizes and times, in order', async () => {
    const upload = await TestUpload.create(endpoint);
    for (const number of [7, 2, 10]) await upload.part(number, `part ${number}`);
    const answer = await list(upload);
    expect(answer).toMatchObject({ ...upload.target, IsTruncated: false });
    expect(answer.Parts).toMatchObject(
      [2, 7, 10].map((number) => ({
        PartNumber: number,
        ETag: `"${md5Hex(`part ${number}`)}"`,
        Size: `part ${number}`.length,
      })),
    );
    expect(answer.Parts?.[0]?.LastModified).toBeInstanceOf(Date);
  });

  it('shows a part that was uploaded again once, as it is now', async () => {
    const upload = await TestUpload.create(endpoint);
    await upload.part(1, 'a long first one');
    await upload.part(1, 'second');
    const { Parts } = await list(upload);
    expect(Parts).toHaveLength(1);
    expect(Parts?.[0]).toMatchObject({ Size: 6, ETag: `"${md5Hex('second')}"` });
  });

  it('goes on page by page', async () => {
    const upload = await TestUpload.create(endpoint);
    for (const number of [1, 2, 3, 5, 8]) await upload.part(number, 'x');
    const numbers: (number | undefined)[] = [];
    let marker: string | undefined;
    for (let page = 0; page < 10; page += 1) {
      const answer = await list(upload, { MaxParts: 2, PartNumberMarker: marker });
      numbers.push(...(answer.Parts ?? []).map(({ PartNumber }) => PartNumber));
      marker = answer.NextPartNumberMarker;
      if (answer.IsTruncated !== true) break;
    }
    expect(numbers).toEqual([1, 2, 3, 5, 8]);
  });

  it('of a new upload is empty', async () => {
    const answer = await list(await TestUpload.create(endpoint));
    expect(answer.Parts ?? []).toEqual([]);
    expect(answer.IsTruncated).toBe(false);
  });

  it('names the last part as the next marker on the last page too, 0 on an empty one', async () => {
    const upload = await TestUpload.create(endpoint);
    for (const number of [1, 4]) await upload.part(number, 'x');
    // Whoever goes on until there is no marker goes on for ever: IsTruncated has to be asked.
    expect(await list(upload)).toMatchObject({ IsTruncated: false, NextPartNumberMarker: '4' });
    const beyond = await list(upload, { PartNumberMarker: '4' });
    expect(beyond).toMatchObject({ IsTruncated: false, NextPartNumberMarker: '0' });
  });

  it('names algorithm, type and checksums', async () => {
    const upload = await TestUpload.create(endpoint, undefined, {
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    });
    await upload.part(1, '123456789');
    const answer = await list(upload);
    expect(answer).toMatchObject({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    expect(answer.Parts?.[0]?.ChecksumCRC32).toBe('y/Q5Jg==');
  });

  it('of an upload that is unknown or has ended: 404', async () => {
    const upload = await TestUpload.create(endpoint);
    const gone = { status: 404, code: 'NoSuchUpload' };
    expect(await refusal(list(upload, { UploadId: 'unknown' }))).toEqual(gone);
    await upload.complete([listed(1, await upload.part(1, 'x'))]);
    expect(await refusal(list(upload))).toEqual(gone);
  });

  it('is complete while parts are uploaded at a time', async () => {
    const upload = await TestUpload.create(endpoint);
    await Promise.all(Array.from({ length: 20 }, (_, i) => upload.part(i + 1, `part ${i + 1}`)));
    const { Parts } = await list(upload);
    expect((Parts ?? []).map(({ PartNumber }) => PartNumber)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });
});

describe('ListMultipartUploads', () => {
  const list = (input = {}) => endpoint.client.send(new ListMultipartUploadsCommand({ Bucket, ...input }));

  it('lists open uploads under a prefix by key, then by age', async () => {
    const base = endpoint.key('');
    const uploads: TestUpload[] = [];
    for (const name of ['b', 'a', 'b', 'c']) uploads.push(await TestUpload.create(endpoint, base + name));
    const answer = await list({ Prefix: base });
    const ids = (answer.Uploads ?? []).map(({ UploadId }) => UploadId);
    expect(ids).toEqual([1, 0, 2, 3].map((i) => uploads[i]?.uploadId));
    expect(answer.Uploads?.[0]).toMatchObject({ Key: `${base}a`, StorageClass: 'STANDARD' });
    expect(answer.Uploads?.[0]?.Initiated).toBeInstanceOf(Date);
    expect(answer.IsTruncated).toBe(false);
  });

  it('goes on page by page, within one key too', async () => {
    const base = endpoint.key('');
    for (const name of ['a', 'b', 'b', 'b', 'c']) await TestUpload.create(endpoint, base + name);
    const all = (await list({ Prefix: base })).Uploads ?? [];
    expect(all).toHaveLength(5);
    const seen: (string | undefined)[] = [];
    let markers = {};
    for (let page = 0; page < 10; page += 1) {
      const answer = await list({ Prefix: base, MaxUploads: 2, ...markers });
      seen.push(...(answer.Uploads ?? []).map(({ UploadId }) => UploadId));
      if (answer.IsTruncated !== true) break;
      markers = { KeyMarker: answer.NextKeyMarker, UploadIdMarker: answer.NextUploadIdMarker };
    }
    expect(seen).toEqual(all.map(({ UploadId }) => UploadId));
  });

  it('starts after a key', async () => {
    const base = endpoint.key('');
    for (const name of ['a', 'b', 'c']) await TestUpload.create(endpoint, base + name);
    const { Uploads } = await list({ Prefix: base, KeyMarker: `${base}a` });
    expect((Uploads ?? []).map(({ Key }) => present(Key).slice(base.length))).toEqual(['b', 'c']);
  });

  it('does not list what was completed', async () => {
    const upload = await TestUpload.create(endpoint);
    await upload.complete([listed(1, await upload.part(1, patternBytes(MIB)))]);
    expect((await list({ Prefix: upload.key })).Uploads ?? []).toEqual([]);
  });

  it('names algorithm and type', async () => {
    const upload = await TestUpload.create(endpoint, undefined, { ChecksumAlgorithm: 'SHA256' });
    const { Uploads } = await list({ Prefix: upload.key });
    expect(Uploads?.[0]).toMatchObject({ ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' });
  });

  it('encodes keys when asked', async () => {
    const upload = await TestUpload.create(endpoint, endpoint.key('a b+é'));
    const { Uploads } = await list({ Prefix: upload.key, EncodingType: 'url' });
    expect(Uploads?.[0]?.Key).toMatch(/\/a(\+|%20)b%2B%C3%A9$/);
  });
});
