import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type * as z from 'zod/mini';
import type { ListedEntry, ListingStore, RemovingStore } from '../core/protocol/ports.ts';

export interface ListedObject extends ListedEntry {
  readonly modifiedAtMs: number;
}

/**
 * JSON objects in S3 as the only database. Three ways to write, and no fourth: `create` for facts (the first writer
 * wins), `replace` for objects that change under If-Match, `overwrite` where one writer alone owns the object.
 */
export class StateStore implements RemovingStore, ListingStore {
  readonly bucket: string;
  readonly #s3: S3Client;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.bucket = bucket;
  }

  /**
   * The object, its ETag, and when S3 took it, by its own clock in whole seconds; undefined when there is none.
   * @throws StateCorruptError when it is not of the schema
   */
  async read<T>(
    key: string,
    schema: z.ZodMiniType<T>,
  ): Promise<{ readonly value: T; readonly etag: string; readonly modifiedAtMs: number } | undefined> {
    try {
      const answer = await this.#s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      const text = (await answer.Body?.transformToString('utf8')) ?? '';
      const parsed = schema.safeParse(parseJson(text, key));
      if (!parsed.success) throw new StateCorruptError(key, parsed.error);
      const modifiedAtMs = answer.LastModified?.getTime() ?? 0;
      return { value: parsed.data, etag: answer.ETag ?? '', modifiedAtMs };
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /**
   * Creates the object; false when it exists already. An SDK retry after a lost answer finds our own object and reads
   * as false too: whoever must know who won reads the object again and compares.
   */
  async create(key: string, value: unknown): Promise<boolean> {
    return (await this.#putIf(key, value, { IfNoneMatch: '*' })) !== undefined;
  }

  /** Writes over the version with this ETag; false when another one is there by now, or none. */
  async replace(key: string, value: unknown, etag: string): Promise<boolean> {
    return (await this.#putIf(key, value, { IfMatch: etag })) !== undefined;
  }

  /** For objects that one writer alone owns, such as a heartbeat. */
  async overwrite(key: string, value: unknown): Promise<void> {
    await this.#put(key, value, {});
  }

  /** For what is no JSON, and of which everybody who writes it writes the same. */
  async overwriteBytes(key: string, bytes: Buffer): Promise<void> {
    await this.#s3.send(
      new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: bytes, ContentType: BINARY }),
    );
  }

  /** Undefined when there is none. */
  async readBytes(key: string): Promise<Buffer | undefined> {
    try {
      const answer = await this.#s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** The object's ETag, which tells that it has changed; undefined when there is none. */
  async etag(key: string): Promise<string | undefined> {
    try {
      return (await this.#s3.send(new HeadObjectCommand({ Bucket: this.bucket, Key: key }))).ETag;
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /**
   * Deletes the object, or only the version with this ETag. @returns false when there is another version by now; one that
   * is not there counts as deleted
   */
  async remove(key: string, etag?: string): Promise<boolean> {
    try {
      await this.#s3.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key, IfMatch: etag }));
      return true;
    } catch (error) {
      if (isStatus(error, 412)) return false;
      if (isStatus(error, 404)) return true;
      throw error;
    }
  }

  /** All keys below a prefix, in UTF-8 order. */
  async list(prefix: string): Promise<string[]> {
    return (await this.listEntries(prefix)).map(({ key }) => key);
  }

  /** The same, with the time of each object's last change. */
  async listEntries(prefix: string): Promise<ListedObject[]> {
    const entries: ListedObject[] = [];
    for (let after: string | undefined; ; ) {
      const page = await this.listPage(prefix, { ...(after === undefined ? {} : { after }) });
      entries.push(...page.entries);
      if (!page.hasMore) return entries;
      after = page.entries.at(-1)?.key;
    }
  }

  /** Names of the folders right below a prefix, in UTF-8 order. */
  async listFolders(prefix: string): Promise<string[]> {
    const names: string[] = [];
    for (let token: string | undefined; ; ) {
      const page = await this.#s3.send(
        new ListObjectsV2Command({
          Bucket: this.bucket,
          Prefix: prefix,
          Delimiter: '/',
          ContinuationToken: token,
        }),
      );
      names.push(
        ...(page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix?.slice(prefix.length, -1) ?? []),
      );
      token = page.NextContinuationToken;
      if (token === undefined) return names;
    }
  }

  /** Some keys below a prefix, in UTF-8 order: those after a key, at most 1,000 or `max`. */
  async listPage(
    prefix: string,
    options: { readonly after?: string; readonly max?: number },
  ): Promise<{ readonly entries: readonly ListedObject[]; readonly hasMore: boolean }> {
    const page = await this.#s3.send(
      new ListObjectsV2Command({
        Bucket: this.bucket,
        Prefix: prefix,
        StartAfter: options.after,
        MaxKeys: options.max,
      }),
    );
    const entries = (page.Contents ?? []).flatMap(({ Key, LastModified, ETag = '', Size = 0 }) =>
      Key === undefined
        ? []
        : [{ key: Key, modifiedAtMs: LastModified?.getTime() ?? 0, etag: ETag, bytes: Size }],
    );
    return { entries, hasMore: page.IsTruncated === true && entries.length > 0 };
  }

  async #putIf(
    key: string,
    value: unknown,
    condition: { IfNoneMatch?: string; IfMatch?: string },
  ): Promise<string | undefined> {
    // 409 means that another conditional write was under way: S3 asks to try again.
    for (let tries = 1; ; tries++) {
      try {
        return await this.#put(key, value, condition);
      } catch (error) {
        if (isStatus(error, 412)) return undefined;
        if (isStatus(error, 404) && condition.IfMatch !== undefined) return undefined;
        if (!isStatus(error, 409) || tries >= CONFLICT_TRIES) throw error;
      }
    }
  }

  async #put(
    key: string,
    value: unknown,
    condition: { IfNoneMatch?: string; IfMatch?: string },
  ): Promise<string> {
    const answer = await this.#s3.send(
      new PutObjectCommand({
        Bucket: this.bucket,
        Key: key,
        Body: Buffer.from(JSON.stringify(value)),
        ContentType: 'application/json',
        ...condition,
      }),
    );
    return answer.ETag ?? '';
  }
}

const CONFLICT_TRIES = 5;
const BINARY = 'application/octet-stream';

/** A state object that nobody here can have written. */
export class StateCorruptError extends Error {
  override readonly name = 'StateCorruptError';
  constructor(key: string, cause: unknown) {
    super(`state object ${key} is not of its schema`, { cause });
  }
}

/** Whether S3 answered with this HTTP status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === status;
}

/** The upload was completed or aborted by somebody else: this is the fence between a recorder and its rescuer. */
export function uploadIsGone(error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'NoSuchUpload';
}

function parseJson(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StateCorruptError(key, error);
  }
}
