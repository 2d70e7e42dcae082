import type * as z from 'zod/mini';

/**
 * What the protocols need of the outside, so that they can be read, and explored in tests, without meeting an SDK.
 * `functions/aws` has the real ones.
 */
export interface Store {
  read<T>(
    key: string,
    schema: z.ZodMiniType<T>,
  ): Promise<{ readonly value: T; readonly etag: string } | undefined>;
  /** Creates the object; false when it is there already. After a lost answer our own object reads as false too. */
  create(key: string, value: unknown): Promise<boolean>;
  /** Writes over the version with this ETag; false when there is another one by now, or none. */
  replace(key: string, value: unknown, etag: string): Promise<boolean>;
}

/** A store out of which objects go. */
export interface RemovingStore extends Store {
  /**
   * Deletes the object, or only the version with this ETag. @returns false when there is another version by now; one
   * that is not there counts as deleted
   */
  remove(key: string, etag?: string): Promise<boolean>;
}

/** A store that can say what it has. */
export interface ListingStore extends Store {
  /** All keys below a prefix, in UTF-8 order. */
  list(prefix: string): Promise<string[]>;
  /** The same, with what tells that an object has changed. */
  listEntries(prefix: string): Promise<readonly ListedEntry[]>;
}

export interface ListedEntry {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
}

/** Gets the attempt a recorder, or asks for one; a repeated call gives no second one. */
export interface Launcher {
  /** @param isApart by itself: it may have killed a process that others were in */
  run(recordingId: string, attempt: number, isApart?: boolean): Promise<void>;
}

/** Asks every task of the recording to stop. Answers before they have; none left counts as done. */
export type StopTasks = (recordingId: string, reason: string) => Promise<void>;

export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
}
