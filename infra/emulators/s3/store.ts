import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Blobs } from './blobs.ts';
import { S3Error } from './errors.ts';
import { Journal } from './journal.ts';
import { FolderLock } from './lock.ts';
import type { CompletedUpload, Entry, Segment, StoredObject, StoredPart, Upload } from './records.ts';
import { SortedMap } from './sortedKeys.ts';

export interface Bucket {
  readonly name: string;
  readonly createdMs: number;
  readonly objects: SortedMap<StoredObject>;
}

export interface OpenUpload {
  readonly upload: Upload;
  readonly parts: Map<number, StoredPart>;
}

/** So many completed uploads are remembered, for repeated completions. */
const COMPLETED_REMEMBERED = 1_000;

/** Lines that say nothing any more are tolerated up to here before the journal is written anew at a start. */
const STALE_LINES = 10_000;

/**
 * Buckets, objects and uploads in memory, with the journal behind them. Whoever checks a condition and calls `commit`
 * without awaiting anything in between has done both at once: nothing else runs meanwhile.
 */
export class Store {
  readonly blobs: Blobs;
  readonly buckets = new SortedMap<Bucket>();
  readonly uploads = new Map<string, OpenUpload>();
  readonly completed = new Map<string, CompletedUpload>();
  readonly #journal: Journal;
  readonly #lock: FolderLock;
  #state: 'replaying' | 'open' = 'replaying';

  /** @throws Error when the folder is in use or the journal cannot be read */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#lock = new FolderLock(path.join(folder, 'lock'));
    try {
      this.blobs = new Blobs(path.join(folder, 'blobs'));
      const { journal, lines } = Journal.open(path.join(folder, 'journal.jsonl'), (entry) =>
        this.#apply(entry),
      );
      this.#journal = journal;
      this.#state = 'open';
      this.blobs.removeUnused();
      const live = [...this.#entries()];
      if (lines > live.length + STALE_LINES) journal.rewrite(live);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /** @returns the entry's number, for the sequencer of notifications */
  commit(entry: Entry): number {
    const sequence = this.#journal.append(entry);
    this.#apply(entry);
    return sequence;
  }

  /** @throws S3Error NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', undefined, { BucketName: name });
    return bucket;
  }

  /** @throws S3Error NoSuchBucket, NoSuchKey */
  object(bucket: string, key: string): StoredObject {
    const object = this.bucket(bucket).objects.get(key);
    if (object === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key });
    return object;
  }

  /** @throws S3Error NoSuchBucket, NoSuchUpload */
  upload(bucket: string, key: string, uploadId: string): OpenUpload {
    this.bucket(bucket);
    const open = this.uploads.get(uploadId);
    if (open === undefined || open.upload.bucket !== bucket || open.upload.key !== key)
      throw new S3Error('NoSuchUpload', undefined, { UploadId: uploadId });
    return open;
  }

  close(): void {
    this.#journal.close();
    this.#lock.release();
  }

  #apply(entry: Entry): void {
    switch (entry.type) {
      case 'bucket':
        this.buckets.set(entry.bucket, {
          name: entry.bucket,
          createdMs: entry.createdMs,
          objects: new SortedMap(),
        });
        return;
      case 'put':
        this.#put(entry.bucket, entry.key, entry.object);
        return;
      case 'delete': {
        const { objects } = this.bucket(entry.bucket);
        this.#release(objects.get(entry.key)?.segments);
        objects.delete(entry.key);
        return;
      }
      case 'tags':
        this.bucket(entry.bucket).objects.set(entry.key, {
          ...this.object(entry.bucket, entry.key),
          tags: entry.tags,
        });
        return;
      case 'create':
        this.uploads.set(entry.upload.uploadId, { upload: entry.upload, parts: new Map() });
        return;
      case 'part': {
        const parts = this.uploads.get(entry.uploadId)?.parts;
        this.blobs.retain(entry.part.segments);
        this.#release(parts?.get(entry.number)?.segments);
        parts?.set(entry.number, entry.part);
        return;
      }
      case 'complete':
        this.#put(entry.completed.bucket, entry.completed.key, entry.object);
        this.#closeUpload(entry.completed.uploadId);
        this.#remember(entry.completed);
        return;
      case 'completed':
        this.#remember(entry.completed);
        return;
      case 'abort':
        this.#closeUpload(entry.uploadId);
    }
  }

  #put(bucket: string, key: string, object: StoredObject): void {
    const { objects } = this.bucket(bucket);
    this.blobs.retain(object.segments);
    this.#release(objects.get(key)?.segments);
    objects.set(key, object);
  }

  #closeUpload(uploadId: string): void {
    for (const part of this.uploads.get(uploadId)?.parts.values() ?? []) this.#release(part.segments);
    this.uploads.delete(uploadId);
  }

  #remember(completed: CompletedUpload): void {
    this.completed.set(completed.uploadId, completed);
    const [oldest] = this.completed.keys();
    if (this.completed.size > COMPLETED_REMEMBERED && oldest !== undefined) this.completed.delete(oldest);
  }

  #release(segments: readonly Segment[] = []): void {
    if (this.#state === 'replaying') this.blobs.forget(segments);
    else this.blobs.release(segments);
  }

  /** The shortest journal that makes this state. */
  *#entries(): Iterable<Entry> {
    for (const [name, { createdMs, objects }] of this.buckets.entries()) {
      yield { type: 'bucket', bucket: name, createdMs };
      for (const [key, object] of objects.entries()) yield { type: 'put', bucket: name, key, object };
    }
    for (const { upload, parts } of this.uploads.values()) {
      yield { type: 'create', upload };
      for (const [number, part] of parts) yield { type: 'part', uploadId: upload.uploadId, number, part };
    }
    for (const completed of this.completed.values()) yield { type: 'completed', completed };
  }
}
