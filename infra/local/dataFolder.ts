import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { FolderLock } from '../emulators/s3/lock.ts';
import type { Credentials } from '../emulators/shared/access.ts';
import { StartError } from './startError.ts';

const keySchema = z.object({ key: z.string() });
const credentialsSchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() });

/**
 * The folder with all that outlives the runtime:
 *
 * ```
 * lock                the process that uses it
 * credentials.json    of who may do everything, made once, for the owner's eyes only
 * playback-key.json   signs the links by which recordings are played, likewise
 * s3/                 objects and their journal
 * queue.jsonl         landing's events that are not done
 * tasks.json          recorders that run; what is found at a start was lost with the runtime before
 * ingest/             streams that were announced
 * spool/              S3 parts of running recordings; what is found at a start belongs to nobody
 * hook/               records whose on-record script runs; likewise
 * ```
 */
export class DataFolder {
  readonly path: string;
  readonly #lock: FolderLock;

  /** @throws StartError `data` when another runtime uses the folder, or it cannot be written */
  constructor(folder: string) {
    this.path = path.resolve(folder);
    try {
      mkdirSync(this.path, { recursive: true });
      this.#lock = new FolderLock(this.file('lock'));
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const reason = code === undefined ? 'is in use by another runtime' : 'cannot be used';
      throw new StartError('data', `The data folder ${this.path} ${reason} (${message}).`, { cause });
    }
  }

  /** Once nobody of before is left who works in them. */
  clearWork(): void {
    for (const name of ['spool', 'hook']) {
      rmSync(this.file(name), { recursive: true, force: true });
      mkdirSync(this.file(name));
    }
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  credentials(): Credentials {
    return this.#madeOnce('credentials.json', credentialsSchema, () => ({
      accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase().slice(0, 15)}`,
      secretAccessKey: randomBytes(30).toString('base64url'),
    }));
  }

  playbackKey(): { readonly key: string } {
    return this.#madeOnce('playback-key.json', keySchema, () => ({
      key: randomBytes(48).toString('base64url'),
    }));
  }

  #madeOnce<T>(name: string, schema: z.ZodMiniType<T>, make: () => T): T {
    const file = this.file(name);
    try {
      return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const made = make();
    writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    return made;
  }

  release(): void {
    this.#lock.release();
  }
}
