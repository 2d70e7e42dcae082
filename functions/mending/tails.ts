import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { StateStore } from '../aws/stateStore.ts';
import { parseTailKey, tailsPrefix } from '../core/state/keys.ts';
import { decodeTailFacts } from '../core/upload/tails.ts';
import { checked } from '../core/upload/uploadedParts.ts';
import type { SavedPiece } from './savedBytes.ts';

/**
 * What a recorder of version 0.1 saved of a part: an object for each piece. Such recorders go on through an upgrade, and
 * whoever rescues them after it finds no journal.
 */
export class Tails {
  readonly #s3: S3Client;
  readonly #store: StateStore;
  readonly #prefix: string;

  constructor(s3: S3Client, store: StateStore, recordingId: string, part: number) {
    this.#s3 = s3;
    this.#store = store;
    this.#prefix = tailsPrefix(recordingId, part);
  }

  async pieces(): Promise<SavedPiece[]> {
    const keys = await this.#store.list(this.#prefix);
    return keys.flatMap((key) => {
      const range = parseTailKey(key);
      return range === undefined ? [] : [{ ...range, read: () => this.#read(key) }];
    });
  }

  async remove(): Promise<void> {
    for (const key of await this.#store.list(this.#prefix)) await this.#store.remove(key);
  }

  async #read(key: string): ReturnType<SavedPiece['read']> {
    const answer = await this.#s3.send(new GetObjectCommand({ Bucket: this.#store.bucket, Key: key }));
    const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
    return { ...checked(Buffer.from(bytes)), facts: decodeTailFacts(answer.Metadata ?? {}) };
  }
}
