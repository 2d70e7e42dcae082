import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { contractEndpoint, getText, listKeys, present, put, refusal } from './support.ts';

const endpoint = contractEndpoint();
const Bucket = endpoint.bucket;

const ODD_KEYS = [
  'a/b//c',
  'ends/with/slash/',
  '../../etc/passwd',
  './here/../there/./x',
  '..',
  'spaces in between and at the end ',
  'plus+plus',
  'percent%20not-a-space',
  'punctuation !@#$&*()=:;,?\'"[]{}|\\^~`<>',
  'ünïcödé/日本語/🎥',
  'combining e\u0301',
  'line\nfeed\ttab',
  'a&amp;b &lt;',
  'question?uploads&acl#fragment',
  'semi;colon=equals',
];

describe('keys', () => {
  it.each(ODD_KEYS)('%j is stored, read, listed, copied and deleted as it is', async (suffix) => {
    const key = endpoint.key(suffix);
    await put(endpoint, key, `body of ${suffix}`);
    expect(await getText(endpoint, key)).toBe(`body of ${suffix}`);
    const url = await endpoint.client.send(
      new ListObjectsV2Command({ Bucket, Prefix: key, EncodingType: 'url' }),
    );
    const listed = (url.Contents ?? []).map(({ Key }) =>
      decodeURIComponent(present(Key).replaceAll('+', ' ')),
    );
    expect(listed).toEqual([key]);
    const copy = `${key}.copy`;
    await endpoint.client.send(
      new CopyObjectCommand({ Bucket, Key: copy, CopySource: encodeURIComponent(`${Bucket}/${key}`) }),
    );
    expect(await getText(endpoint, copy)).toBe(`body of ${suffix}`);
    // A parser may read a line feed in XML as a space, and does not matter for what is asked here.
    if (!suffix.includes('\n')) {
      await endpoint.client.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: key }, { Key: copy }] } }),
      );
      expect(await listKeys(endpoint, key)).toEqual([]);
    }
  });

  it('differ in every byte: composed and decomposed letters, cases, slashes', async () => {
    const base = endpoint.key('');
    const keys = ['é', 'e\u0301', 'É', 'a', 'A', 'a/', 'a//', '/a'].map((suffix) => base + suffix);
    for (const key of keys) await put(endpoint, key, key);
    for (const key of keys) expect(await getText(endpoint, key)).toBe(key);
    expect(await listKeys(endpoint, base)).toHaveLength(keys.length);
  });

  it('an object and objects below its name live side by side', async () => {
    const base = endpoint.key('');
    for (const suffix of ['x', 'x/', 'x/y', 'x/y/z']) await put(endpoint, base + suffix, suffix);
    for (const suffix of ['x', 'x/', 'x/y', 'x/y/z'])
      expect(await getText(endpoint, base + suffix)).toBe(suffix);
  });

  it('may have 1,024 bytes', async () => {
    const key = endpoint.prefix.padEnd(1024, 'k');
    await put(endpoint, key, 'long');
    expect(await getText(endpoint, key)).toBe('long');
    expect(await listKeys(endpoint, key)).toEqual([key]);
  });

  it('are counted in UTF-8: 1,024 bytes of wide characters are taken, one more is not', async () => {
    const room = 1024 - Buffer.byteLength(endpoint.prefix);
    const key = endpoint.prefix + 'あ'.repeat(Math.floor(room / 3)) + 'x'.repeat(room % 3);
    expect(Buffer.byteLength(key)).toBe(1024);
    await put(endpoint, key, 'wide');
    expect(await getText(endpoint, key)).toBe('wide');
    expect(await refusal(put(endpoint, `${key}x`))).toEqual({ status: 400, code: 'KeyTooLongError' });
  });

  it('over 1,024 bytes are refused on reads and copies too', async () => {
    const key = endpoint.prefix.padEnd(1025, 'k');
    const read = endpoint.client.send(new HeadObjectCommand({ Bucket, Key: key }));
    expect((await refusal(read)).status).toBe(400);
    const source = endpoint.key();
    await put(endpoint, source);
    const copy = endpoint.client.send(
      new CopyObjectCommand({ Bucket, Key: key, CopySource: encodeURIComponent(`${Bucket}/${source}`) }),
    );
    expect(await refusal(copy)).toEqual({ status: 400, code: 'KeyTooLongError' });
  });
});
