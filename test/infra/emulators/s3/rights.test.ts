import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Access, ADMINISTRATOR_STATEMENTS, type Denial } from '../../../../infra/emulators/shared/access.ts';
import type { Statement } from '../../../../infra/emulators/shared/policy.ts';
import { BUCKET as Bucket, CREDENTIALS, start } from './support.ts';

const ROLE = 'arn:aws:sts::000000000000:assumed-role/role/session';
const CREDENTIALS_OF_ROLE = {
  accessKeyId: 'ROLE',
  secretAccessKey: 'role-secret',
  sessionToken: 'role-token',
};
const BUCKET_ARN = `arn:aws:s3:::${Bucket}`;

/** What a role with these rights meets: `[action, key or '' for the bucket]`. */
async function role(
  ...rights: (readonly [action: string, keys: string, Condition?: Statement['Condition']])[]
) {
  const denials: Denial[] = [];
  const access = new Access(
    [
      {
        arn: 'arn:aws:iam::000000000000:user/root',
        credentials: CREDENTIALS,
        statements: ADMINISTRATOR_STATEMENTS,
      },
      {
        arn: ROLE,
        credentials: CREDENTIALS_OF_ROLE,
        statements: rights.map(([Action, keys, Condition]) => ({
          Effect: 'Allow',
          Action,
          Resource: keys === '' ? BUCKET_ARN : `${BUCKET_ARN}/${keys}`,
          ...(Condition && { Condition }),
        })),
      },
    ],
    (denial) => denials.push(denial),
  );
  const { server, client: root } = await start({ credentials: access });
  const client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: CREDENTIALS_OF_ROLE,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  const put = (Key: string, Tagging?: string) =>
    root.send(new PutObjectCommand({ Bucket, Key, Body: 'body', ...(Tagging !== undefined && { Tagging }) }));
  return { server, root, client, denials, put };
}

interface Refused {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
}
async function refused(attempt: Promise<unknown>): Promise<Refused> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason as Error & { $metadata?: { httpStatusCode?: number } },
  );
  if (error === undefined) throw new Error('it was not refused');
  return { name: error.name, message: error.message, status: error.$metadata?.httpStatusCode };
}
const denied = (action: string, resource: string): Refused => ({
  name: 'AccessDenied',
  message: `User: ${ROLE} is not authorized to perform: ${action} on resource: "${resource}" because no identity-based policy allows the ${action} action`,
  status: 403,
});

describe('an object that is read', () => {
  it('needs s3:GetObject, by a presigned link too', async () => {
    const { client, put, denials } = await role(['s3:GetObject', 'mine/*'], ['s3:ListBucket', '']);
    await put('mine/a');
    await put('other/a');
    expect((await client.send(new GetObjectCommand({ Bucket, Key: 'mine/a' }))).ContentLength).toBe(4);
    const other = new GetObjectCommand({ Bucket, Key: 'other/a' });
    expect(await refused(client.send(other))).toEqual(denied('s3:GetObject', `${BUCKET_ARN}/other/a`));
    const link = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'mine/a' }));
    expect(await (await fetch(link)).text()).toBe('body');
    const answer = await fetch(await getSignedUrl(client, other));
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('<Code>AccessDenied</Code>');
    expect(denials.map(({ right }) => right.resource)).toEqual(Array(2).fill(`${BUCKET_ARN}/other/a`));
  });

  it.each([
    ['404 with', true, 'NoSuchKey', 404],
    ['403 without', false, 'AccessDenied', 403],
  ])('and is not there: %s s3:ListBucket', async (_what, mayList, name, status) => {
    const { client } = await role(
      ['s3:GetObject', '*'],
      ...(mayList ? [['s3:ListBucket', ''] as const] : []),
    );
    const get = client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    expect(await refused(get)).toMatchObject({ name, status });
    // Its answer has no body that could say more.
    const head = client.send(new HeadObjectCommand({ Bucket, Key: 'a' }));
    expect((await refused(head)).status).toBe(status);
  });

  it('of a bucket that is not there is missed by everybody', async () => {
    const { client } = await role();
    const attempt = client.send(new GetObjectCommand({ Bucket: 'nowhere', Key: 'a' }));
    expect((await refused(attempt)).name).toBe('NoSuchBucket');
  });
});

it('a list needs s3:ListBucket for its prefix', async () => {
  const { client } = await role(['s3:ListBucket', '', { StringLike: { 's3:prefix': 'mine/*' } }]);
  const list = (Prefix?: string) => client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  expect((await list('mine/a')).KeyCount).toBe(0);
  for (const prefix of ['other/', 'mine', '', undefined])
    expect(await refused(list(prefix))).toEqual(denied('s3:ListBucket', BUCKET_ARN));
});

/** Each alone is denied; all together are enough. */
const NEEDED: readonly (readonly [
  what: string,
  rights: readonly (readonly [action: string, keys: string])[],
  attempt: (client: S3Client, uploadId: string) => Promise<unknown>,
])[] = [
  ['PutObject', [['s3:PutObject', 'new']], (s3) => s3.send(new PutObjectCommand({ Bucket, Key: 'new' }))],
  [
    'PutObject with tags',
    [
      ['s3:PutObject', 'new'],
      ['s3:PutObjectTagging', 'new'],
    ],
    (s3) => s3.send(new PutObjectCommand({ Bucket, Key: 'new', Tagging: 'a=1' })),
  ],
  [
    'CopyObject',
    [
      ['s3:GetObject', 'plain'],
      ['s3:PutObject', 'new'],
    ],
    (s3) => s3.send(new CopyObjectCommand({ Bucket, Key: 'new', CopySource: `${Bucket}/plain` })),
  ],
  [
    'CopyObject of what has tags',
    [
      ['s3:GetObject', 'tagged'],
      ['s3:GetObjectTagging', 'tagged'],
      ['s3:PutObject', 'new'],
      ['s3:PutObjectTagging', 'new'],
    ],
    (s3) => s3.send(new CopyObjectCommand({ Bucket, Key: 'new', CopySource: `${Bucket}/tagged` })),
  ],
  [
    'CopyObject with other tags',
    [
      ['s3:GetObject', 'tagged'],
      ['s3:PutObject', 'new'],
      ['s3:PutObjectTagging', 'new'],
    ],
    (s3) =>
      s3.send(
        new CopyObjectCommand({
          ...{ Bucket, Key: 'new', CopySource: `${Bucket}/tagged` },
          ...{ TaggingDirective: 'REPLACE', Tagging: 'b=2' },
        }),
      ),
  ],
  [
    'DeleteObject',
    [['s3:DeleteObject', 'plain']],
    (s3) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'plain' })),
  ],
  [
    'DeleteObject under If-Match',
    [
      ['s3:DeleteObject', 'plain'],
      ['s3:GetObject', 'plain'],
    ],
    (s3) =>
      s3.send(new DeleteObjectCommand({ Bucket, Key: 'plain', IfMatch: '841a2d689ad86bd1611447453c22c6fc' })),
  ],
  [
    'GetObjectTagging',
    [['s3:GetObjectTagging', 'tagged']],
    (s3) => s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'tagged' })),
  ],
  [
    'PutObjectTagging',
    [['s3:PutObjectTagging', 'plain']],
    (s3) => s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'plain', Tagging: { TagSet: [] } })),
  ],
  [
    'CreateMultipartUpload',
    [['s3:PutObject', 'new']],
    (s3) => s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'new' })),
  ],
  [
    'UploadPart and CompleteMultipartUpload',
    [['s3:PutObject', 'upload']],
    async (s3, UploadId) => {
      const target = { Bucket, Key: 'upload', UploadId };
      const { ETag } = await s3.send(new UploadPartCommand({ ...target, PartNumber: 1, Body: 'a' }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      return s3.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }));
    },
  ],
  [
    'UploadPartCopy',
    [
      ['s3:PutObject', 'upload'],
      ['s3:GetObject', 'tagged'],
    ],
    (s3, UploadId) =>
      s3.send(
        new UploadPartCopyCommand({
          ...{ Bucket, Key: 'upload', UploadId, PartNumber: 1 },
          CopySource: `${Bucket}/tagged`,
        }),
      ),
  ],
  [
    'ListParts',
    [['s3:ListMultipartUploadParts', 'upload']],
    (s3, UploadId) => s3.send(new ListPartsCommand({ Bucket, Key: 'upload', UploadId })),
  ],
  [
    'AbortMultipartUpload',
    [['s3:AbortMultipartUpload', 'upload']],
    (s3, UploadId) => s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'upload', UploadId })),
  ],
  [
    'ListMultipartUploads',
    [['s3:ListBucketMultipartUploads', '']],
    (s3) => s3.send(new ListMultipartUploadsCommand({ Bucket })),
  ],
];

describe.each(NEEDED)('%s', (_what, rights, attempt) => {
  async function tried(given: typeof rights) {
    const { client, root, put } = await role(...given);
    await put('plain');
    await put('tagged', 'a=1');
    const { UploadId = '' } = await root.send(new CreateMultipartUploadCommand({ Bucket, Key: 'upload' }));
    return attempt(client, UploadId);
  }

  it('needs no more than its rights', async () => {
    await tried(rights);
  });

  it.each(rights)('needs %s on %s', async (action, keys) => {
    const others = rights.filter(([other, on]) => other !== action || on !== keys);
    const resource = keys === '' ? BUCKET_ARN : `${BUCKET_ARN}/${keys}`;
    expect(await refused(tried(others))).toEqual(denied(action, resource));
  });
});

it('of a list of deletions each key is refused by itself', async () => {
  const { client, root, put } = await role(['s3:DeleteObject', 'mine/*']);
  await put('mine/a');
  await put('other/a');
  const Objects = [{ Key: 'mine/a' }, { Key: 'other/a' }];
  const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(Deleted).toEqual([{ Key: 'mine/a' }]);
  expect(Errors).toMatchObject([{ Key: 'other/a', Code: 'AccessDenied' }]);
  const { Contents } = await root.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents?.map(({ Key }) => Key)).toEqual(['other/a']);
});

it.each([
  ['a role without its token is not known', { sessionToken: undefined }, 'InvalidAccessKeyId'],
  ['a token of another is not valid', { sessionToken: 'other-token' }, 'InvalidToken'],
  [
    'a token with the key of a user is not valid',
    { ...CREDENTIALS, sessionToken: 'role-token' },
    'InvalidToken',
  ],
])('%s', async (_what, changed, code) => {
  const { server } = await role(['s3:*', '*']);
  const { sessionToken, ...credentials } = { ...CREDENTIALS_OF_ROLE, ...changed };
  const client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { ...credentials, ...(sessionToken !== undefined && { sessionToken }) },
    forcePathStyle: true,
  });
  onTestFinished(() => client.destroy());
  const attempt = client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
  expect((await refused(attempt)).name).toBe(code);
});
