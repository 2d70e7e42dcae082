import type { Logger } from '@aws-lambda-powertools/logger';
import type { S3Client } from '@aws-sdk/client-s3';
import { removeObjects } from '../../functions/aws/removeObjects.ts';
import type { Cut, JournalTrack } from './journalTrack.ts';

export interface JournalObjectsOptions {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly log: Logger;
  readonly nowMs: () => number;
}

interface WrittenObject {
  readonly key: string;
  readonly writtenAtMs: number;
  readonly entries: readonly { readonly track: JournalTrack; readonly end: number }[];
}

/** Removing costs a request, and looking whether somebody rescues one for each file: so they go together. */
const REMOVE_EVERY_MS = 5 * 60_000;

/**
 * The journal's objects in S3, and when they go: when S3 parts cover all that one holds, or its files are complete, and
 * whoever watches what is recorded asks for it no more. One with bytes of a file that somebody else completes is left to that one.
 */
export class JournalObjects {
  readonly #options: JournalObjectsOptions;
  #written: WrittenObject[] = [];
  #removedAtMs: number;

  constructor(options: JournalObjectsOptions) {
    this.#options = options;
    this.#removedAtMs = options.nowMs();
  }

  add(key: string, cuts: readonly Cut[]): void {
    const entries = cuts.map(({ track, entry }) => ({ track, end: entry.offset + entry.bytes }));
    this.#written.push({ key, writtenAtMs: this.#options.nowMs(), entries });
  }

  /** It is time to remove what is useless. */
  get isDue(): boolean {
    return this.#options.nowMs() - this.#removedAtMs >= REMOVE_EVERY_MS;
  }

  /** Removes what nobody needs. A fault is logged: what it left goes the next time, or by the bucket's rule. */
  async removeUseless(): Promise<void> {
    const { s3, bucket, log, nowMs } = this.#options;
    this.#removedAtMs = nowMs();
    try {
      const isUseless = uselessAt(nowMs());
      const tracks = new Set(this.#written.filter(isUseless).flatMap(({ entries }) => entries.map(trackOf)));
      await Promise.all([...tracks].map((track) => track.leaveIfRescued()));
      const useless = new Set(this.#written.filter(isUseless));
      await removeObjects(
        s3,
        bucket,
        [...useless].map(({ key }) => key),
      );
      this.#written = this.#written.filter(
        (object) => !useless.has(object) && !object.entries.some(({ track }) => track.isLeft),
      );
    } catch (error) {
      log.warn('objects of the journal were left behind', error as Error);
    }
  }
}

const uselessAt =
  (nowMs: number) =>
  ({ entries, writtenAtMs }: WrittenObject): boolean =>
    entries.every(({ track, end }) => track.isUseless(end) && !track.isShown(writtenAtMs, nowMs));
const trackOf = ({ track }: WrittenObject['entries'][number]): JournalTrack => track;
