import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  EVENT_SCHEMAS,
  EVENT_SOURCE,
  EVENT_TYPES,
  type RecordAvailable,
} from '../../functions/core/events/published.ts';
import type { EventBridgeEvent } from '../emulators/events/server.ts';

export interface OnRecordHookOptions {
  /** An executable file. */
  readonly script: string;
  /** Where records lie while their script runs. */
  readonly folder: string;
  readonly s3: S3Client;
  /** Lines of the script's output, and what went wrong with it, as JSON. */
  readonly onLog: (line: string) => void;
}

/** EventBridge, too, tries again. */
const TRIES = 3;

/**
 * WCS's `on_record_hook_script` on this machine: for each record in the library, one after the other, a script with `$1`
 * stream name and `$2` path of a file on disk, which is removed when the script has ended.
 */
export class OnRecordHook {
  readonly #options: OnRecordHookOptions;
  readonly #seen = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: OnRecordHookOptions) {
    this.#options = options;
  }

  /** Takes Record Available, once for each record; all else is left alone. */
  onEvent(event: EventBridgeEvent): void {
    if (event.source !== EVENT_SOURCE || event['detail-type'] !== EVENT_TYPES.recordAvailable) return;
    const record = EVENT_SCHEMAS[EVENT_TYPES.recordAvailable].parse(event.detail);
    if (this.#seen.has(record.id)) return;
    this.#seen.add(record.id);
    this.#last = this.#last.then(() => this.#handle(record));
  }

  /** Settles when all scripts have ended, of all records so far. */
  async idle(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await this.#last;
    }
  }

  async #handle(record: RecordAvailable): Promise<void> {
    const folder = path.join(this.#options.folder, record.recordingId, String(record.part));
    const file = path.join(folder, record.key.split('/').at(-1) ?? record.recordingId);
    for (let tries = 1; ; tries++) {
      try {
        await mkdir(folder, { recursive: true });
        await this.#download(record, file);
        await this.#run([record.streamName, file]);
        this.#log('INFO', 'the on-record hook has ended', record);
        break;
      } catch (error) {
        this.#log('ERROR', `the on-record hook failed: ${String(error)}`, record);
        if (tries >= TRIES) break;
      }
    }
    await rm(folder, { recursive: true, force: true });
  }

  async #download({ bucket, key }: RecordAvailable, file: string): Promise<void> {
    const { Body } = await this.#options.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    await pipeline(Body as Readable, createWriteStream(file));
  }

  async #run(args: readonly string[]): Promise<void> {
    const child = spawn(this.#options.script, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', this.#options.onLog);
    }
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code !== 0) throw new Error(`it ended with ${signal ?? `exit code ${code}`}`);
  }

  #log(level: string, message: string, { recordingId, part, key }: RecordAvailable): void {
    const timestamp = new Date().toISOString();
    this.#options.onLog(JSON.stringify({ timestamp, level, message, recordingId, part, key }));
  }
}
