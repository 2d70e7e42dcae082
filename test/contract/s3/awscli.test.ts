import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AwsCommands } from '../../support/awsCommands.ts';
import { describeWith } from '../../support/tools.ts';
import { contractEndpoint, isEmbedded, MIB, md5Hex, patternBytes } from './support.ts';

/** A second client, of other authors in another language: what the AWS SDK for JavaScript overlooks may show here. */
const endpoint = contractEndpoint();
const { bucket, prefix } = endpoint;
// Python starts slowly, above all beside other tests.
const TIMEOUT_MS = 120_000;

let folder: string;
let commands: AwsCommands;
const file = (name: string) => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 's3-awscli-'));
  // Version 1 would presign as before SigV4.
  writeFileSync(file('config'), '[default]\ns3 =\n  signature_version = s3v4\n');
  commands = new AwsCommands({
    HOME: folder,
    AWS_ACCESS_KEY_ID: endpoint.credentials.accessKeyId,
    AWS_DEFAULT_REGION: endpoint.region,
    AWS_CONFIG_FILE: file('config'),
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
    LC_ALL: 'C.UTF-8',
  });
});
afterAll(() => {
  commands.close();
  rmSync(folder, { recursive: true });
});

async function aws(...args: readonly string[]): Promise<string> {
  return awsAs(endpoint.credentials.secretAccessKey, ...args);
}

/** @throws Error what it says of its failure */
async function awsAs(secretAccessKey: string, ...args: readonly string[]): Promise<string> {
  const env = { AWS_SECRET_ACCESS_KEY: secretAccessKey };
  const { code, stdout, stderr } = await commands.run(['--endpoint-url', endpoint.url, ...args], env);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const api = async (operation: string, ...args: readonly string[]) => {
  const text = await aws('s3api', operation, '--bucket', bucket, '--output', 'json', ...args);
  return text.trim() === '' ? {} : JSON.parse(text);
};

/** The code in the message of a refused call. */
async function refused(call: Promise<unknown>): Promise<string> {
  const outcome = await call.then(
    () => 'not refused',
    (error: Error) => error.message,
  );
  return /\((\w+)\)/.exec(outcome)?.[1] ?? outcome;
}

describeWith(['aws'], 'the AWS command line', () => {
  it(
    'puts, heads, gets and deletes an object with its attributes',
    async () => {
      const key = endpoint.key('a b/ü+&.txt');
      writeFileSync(file('body'), 'written by the command line');
      const put = await api(
        'put-object',
        '--key',
        key,
        '--body',
        file('body'),
        '--metadata',
        'a=1,b=two words',
        '--content-type',
        'text/x-test',
        '--tagging',
        'x=1&y=2',
      );
      expect(put.ETag).toBe(`"${md5Hex('written by the command line')}"`);
      const head = await api('head-object', '--key', key);
      expect(head).toMatchObject({
        Metadata: { a: '1', b: 'two words' },
        ContentType: 'text/x-test',
        ContentLength: 27,
      });
      const get = await api('get-object', '--key', key, '--range', 'bytes=8-9', file('out'));
      expect(get.ContentRange).toBe('bytes 8-9/27');
      expect(readFileSync(file('out'), 'utf8')).toBe('by');
      expect((await api('get-object-tagging', '--key', key)).TagSet).toHaveLength(2);
      await api('delete-object', '--key', key);
      expect(await refused(api('get-object', '--key', key, file('out')))).toBe('NoSuchKey');
    },
    TIMEOUT_MS,
  );

  it(
    'copies files up and down, big ones in parts',
    async () => {
      const bytes = patternBytes(20 * MIB + 123, 5);
      writeFileSync(file('big'), bytes);
      const url = `s3://${bucket}/${endpoint.key('big')}`;
      await aws('s3', 'cp', '--only-show-errors', file('big'), url);
      await aws('s3', 'cp', '--only-show-errors', url, file('down'));
      expect(readFileSync(file('down')).equals(bytes)).toBe(true);
      const listed = await aws('s3', 'ls', url);
      expect(listed).toContain(String(bytes.length));
    },
    TIMEOUT_MS,
  );

  it(
    'copies and moves within the bucket, in parts',
    async () => {
      const bytes = patternBytes(17 * MIB, 6);
      writeFileSync(file('big'), bytes);
      const [from, to, end] = ['from', 'to', 'end'].map((name) => `s3://${bucket}/${endpoint.key(name)}`);
      await aws('s3', 'cp', '--only-show-errors', file('big'), from ?? '');
      await aws('s3', 'cp', '--only-show-errors', from ?? '', to ?? '');
      await aws('s3', 'mv', '--only-show-errors', to ?? '', end ?? '');
      expect(await refused(aws('s3', 'cp', '--only-show-errors', to ?? '', file('gone')))).toBe('404');
      await aws('s3', 'cp', '--only-show-errors', end ?? '', file('down'));
      expect(readFileSync(file('down')).equals(bytes)).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'synchronises a folder, and then finds nothing to do',
    async () => {
      const names = ['one.txt', 'sub/two words.txt', 'sub/ünï.txt', 'sub/deep/a+b.txt'];
      for (const name of names) {
        mkdirSync(path.dirname(file(`tree/${name}`)), { recursive: true });
        writeFileSync(file(`tree/${name}`), name);
        // S3 knows whole seconds only: a file of this second could look newer than its object.
        utimesSync(file(`tree/${name}`), 1_700_000_000, 1_700_000_000);
      }
      const url = `s3://${bucket}/${endpoint.key('')}`;
      const first = await aws('s3', 'sync', '--no-progress', file('tree'), url);
      expect(first.match(/^upload:/gm)).toHaveLength(names.length);
      expect(await aws('s3', 'sync', '--no-progress', file('tree'), url)).toBe('');
      await aws('s3', 'sync', '--only-show-errors', url, file('copy'));
      for (const name of names) expect(readFileSync(file(`copy/${name}`), 'utf8')).toBe(name);
      await aws('s3', 'rm', '--recursive', '--only-show-errors', url);
      expect(await refused(aws('s3', 'ls', url))).not.toContain('one.txt');
    },
    TIMEOUT_MS,
  );

  it(
    'lists with prefixes, delimiters and pages',
    async () => {
      const base = endpoint.key('');
      writeFileSync(file('body'), 'x');
      for (const name of ['a', 'b/1', 'b/2', 'c'])
        await api('put-object', '--key', base + name, '--body', file('body'));
      const all = await api('list-objects-v2', '--prefix', base, '--page-size', '1');
      expect(all.Contents.map(({ Key }: { Key: string }) => Key.slice(base.length))).toEqual([
        'a',
        'b/1',
        'b/2',
        'c',
      ]);
      const rolled = await api('list-objects-v2', '--prefix', base, '--delimiter', '/');
      expect(rolled.CommonPrefixes).toEqual([{ Prefix: `${base}b/` }]);
    },
    TIMEOUT_MS,
  );

  it(
    'uploads in parts by hand, lists, completes and aborts',
    async () => {
      const key = endpoint.key('parts');
      const { UploadId } = await api('create-multipart-upload', '--key', key);
      const upload = ['--key', key, '--upload-id', UploadId];
      writeFileSync(file('part1'), patternBytes(5 * MIB, 1));
      writeFileSync(file('part2'), 'end');
      const one = await api('upload-part', ...upload, '--part-number', '1', '--body', file('part1'));
      const two = await api('upload-part', ...upload, '--part-number', '2', '--body', file('part2'));
      const { Parts } = await api('list-parts', ...upload);
      expect(Parts.map(({ Size }: { Size: number }) => Size)).toEqual([5 * MIB, 3]);
      const open = await api('list-multipart-uploads', '--prefix', key);
      expect(open.Uploads).toHaveLength(1);
      const list = Parts.map(({ LastModified, Size, ...part }: Record<string, unknown>) => part);
      expect(list).toMatchObject([{ ETag: one.ETag }, { ETag: two.ETag }]);
      writeFileSync(file('list.json'), JSON.stringify({ Parts: list }));
      const done = await api(
        'complete-multipart-upload',
        ...upload,
        '--multipart-upload',
        `file://${file('list.json')}`,
      );
      expect(done.ETag).toMatch(/-2"$/);
      expect((await api('head-object', '--key', key)).ContentLength).toBe(5 * MIB + 3);
      const other = await api('create-multipart-upload', '--key', key);
      const abort = ['abort-multipart-upload', '--key', key, '--upload-id', other.UploadId] as const;
      await api(...abort);
      expect(await refused(api('list-parts', '--key', key, '--upload-id', other.UploadId))).toBe(
        'NoSuchUpload',
      );
    },
    TIMEOUT_MS,
  );

  it(
    'deletes many at once',
    async () => {
      const base = endpoint.key('');
      writeFileSync(file('body'), 'x');
      for (const name of ['a', 'b & <c>'])
        await api('put-object', '--key', base + name, '--body', file('body'));
      const Objects = ['a', 'b & <c>', 'missing'].map((name) => ({ Key: base + name }));
      writeFileSync(file('delete.json'), JSON.stringify({ Objects }));
      const { Deleted } = await api('delete-objects', '--delete', `file://${file('delete.json')}`);
      expect(Deleted).toHaveLength(3);
      expect((await api('list-objects-v2', '--prefix', base)).Contents).toBeUndefined();
    },
    TIMEOUT_MS,
  );

  it(
    'reads by the URLs that it presigns',
    async () => {
      const key = endpoint.key('pre signed');
      writeFileSync(file('body'), 'presigned');
      await api('put-object', '--key', key, '--body', file('body'));
      const url = (await aws('s3', 'presign', `s3://${bucket}/${key}`, '--expires-in', '60')).trim();
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe('presigned');
    },
    TIMEOUT_MS,
  );

  it(
    'is told of a missing key, a missing bucket and a wrong secret',
    async () => {
      expect(await refused(api('head-object', '--key', `${prefix}missing`))).toBe('404');
      const missing = aws('s3api', 'list-objects-v2', '--bucket', 'no-such-bucket-1f2e3d4c5b');
      expect(await refused(missing)).toBe('NoSuchBucket');
      const wrong = awsAs('wrong', 's3api', 'list-objects-v2', '--bucket', bucket);
      expect(await refused(wrong)).toBe('SignatureDoesNotMatch');
    },
    TIMEOUT_MS,
  );

  it.runIf(isEmbedded)(
    'makes a bucket and lists it',
    async () => {
      await aws('s3', 'mb', 's3://made-by-awscli');
      expect(await aws('s3', 'ls')).toContain('made-by-awscli');
    },
    TIMEOUT_MS,
  );
});
