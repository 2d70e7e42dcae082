import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect } from 'vitest';
import { type S3Server, startS3Server } from '../../../infra/emulators/s3/server.ts';

/**
 * Where the contract is checked: the embedded endpoint, or, when CONTRACT_S3_ENDPOINT is set, any other one, with
 * CONTRACT_S3_ACCESS_KEY_ID, CONTRACT_S3_SECRET_ACCESS_KEY, CONTRACT_S3_BUCKET (an existing bucket without versioning)
 * and CONTRACT_S3_REGION. Each test file works under a prefix of its own and removes it afterwards.
 */
export interface ContractEndpoint {
  readonly url: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Answers are not retried, so that a check sees what the endpoint says. */
  readonly client: S3Client;
  /** A key that no other check uses; it begins with `prefix` and ends with `suffix`. */
  key(suffix?: string): string;
  readonly prefix: string;
}

export const isEmbedded = process.env.CONTRACT_S3_ENDPOINT === undefined;

/** Call it at the top of a test file; use what it returns inside of tests only. */
export function contractEndpoint(): ContractEndpoint {
  const env = process.env;
  const embedded = { accessKeyId: 'contract', secretAccessKey: 'contract-secret' };
  const credentials = isEmbedded
    ? embedded
    : {
        accessKeyId: env.CONTRACT_S3_ACCESS_KEY_ID ?? '',
        secretAccessKey: env.CONTRACT_S3_SECRET_ACCESS_KEY ?? '',
      };
  const bucket = env.CONTRACT_S3_BUCKET ?? 'contract';
  const region = env.CONTRACT_S3_REGION ?? 'us-east-1';
  const prefix = `contract-${randomUUID()}/`;
  let url = env.CONTRACT_S3_ENDPOINT ?? '';
  let client: S3Client | undefined;
  let server: S3Server | undefined;
  let folder: string | undefined;
  let keys = 0;

  beforeAll(async () => {
    if (isEmbedded) {
      folder = mkdtempSync(path.join(tmpdir(), 's3-contract-'));
      server = await startS3Server({ dataDir: folder, credentials, region, buckets: [bucket] });
      url = server.url;
    }
    client = newClient({ url, region, credentials });
  });

  afterAll(async () => {
    if (client !== undefined && !isEmbedded) await removePrefix(client, bucket, prefix);
    client?.destroy();
    await server?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  return {
    get url() {
      return url;
    },
    get client() {
      if (client === undefined) throw new Error('The endpoint is there inside of tests only.');
      return client;
    },
    region,
    bucket,
    credentials,
    prefix,
    key(suffix = 'object') {
      keys += 1;
      return `${prefix}${keys}/${suffix}`;
    },
  };
}

export function newClient(
  { url, region, credentials }: Pick<ContractEndpoint, 'url' | 'region' | 'credentials'>,
  maxAttempts = 1,
): S3Client {
  return new S3Client({ endpoint: url, region, credentials, forcePathStyle: true, maxAttempts });
}

async function removePrefix(client: S3Client, Bucket: string, Prefix: string): Promise<void> {
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
  for (const { Key, UploadId } of Uploads ?? [])
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix })) {
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
}

/** Stores a small object and returns its ETag. */
export async function put(
  { client, bucket }: ContractEndpoint,
  Key: string,
  Body: string | Uint8Array = 'body',
  input: Partial<PutObjectCommandInput> = {},
): Promise<string> {
  const { ETag } = await client.send(
    new PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.from(Body), ...input }),
  );
  return present(ETag);
}

export async function getText({ client, bucket }: ContractEndpoint, Key: string): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
  return present(Body).transformToString();
}

export async function getBytes({ client, bucket }: ContractEndpoint, Key: string): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
  return Buffer.from(await present(Body).transformToByteArray());
}

export async function listKeys({ client, bucket }: ContractEndpoint, Prefix: string): Promise<string[]> {
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
  return (Contents ?? []).map(({ Key }) => present(Key));
}

export function present<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error('The answer lacks what it has to have.');
  return value;
}

/** The refusal, as status and code. HEAD answers have no body, so their codes are the SDK's own. */
export async function refusal(attempt: Promise<unknown>): Promise<{ status: number; code: string }> {
  const error = await refusalError(attempt);
  return { status: error.$metadata.httpStatusCode ?? 0, code: error.name };
}

export async function refusalError(attempt: Promise<unknown>): Promise<S3ServiceException> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome, 'the request has to be refused').toBeInstanceOf(S3ServiceException);
  return outcome as S3ServiceException;
}

export function md5Hex(bytes: string | Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** Bytes that repeat nowhere near and need no randomness: the same for the same seed. */
export function patternBytes(bytes: number, seed = 1): Buffer {
  const buffer = Buffer.alloc(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    if (i + 4 <= bytes) buffer.writeUInt32LE(state, i);
    else buffer[i] = state & 0xff;
  }
  return buffer;
}

export const MIB = 1024 * 1024;
