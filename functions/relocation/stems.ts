import { StateStore } from '../aws/stateStore.ts';
import { sharedPieces } from '../core/names/index.ts';
import { isRotated } from '../core/names/recordNames.ts';
import {
  isOfStem,
  type Stem,
  stemClaimKey,
  stemClaimSchema,
  stemKey,
  stemSchema,
} from '../core/relocation/stem.ts';
import { isSettled } from '../core/state/fold.ts';
import { readSummary } from '../recordings/read.ts';
import type { LandedRecord } from './landedRecord.ts';
import type { Library } from './library.ts';

/** Pages of a thousand names that begin alike; what is beyond them is found when a part comes to it. */
const PAGES_MAX = 10;

/**
 * Whether a recording's records are named after the stream alone or with the recording's id: the first part that is moved
 * decides, and the decision is a fact of the state. The stem is claimed before the library is looked at, so of two
 * recordings of one name only one goes without the id.
 */
export class Stems {
  readonly #library: Library;
  /** Of the library. */
  readonly #objects: StateStore;
  readonly #store: StateStore;

  constructor(library: Library, store: StateStore) {
    this.#library = library;
    this.#objects = new StateStore(library.s3, library.bucket);
    this.#store = store;
  }

  /** @param key of the record, without the recording's id */
  async isSuffixed({ job, open }: LandedRecord, key: string): Promise<boolean> {
    const { recordingId } = job;
    const known = await this.#decided(recordingId);
    if (known !== undefined) return known.suffixed;
    const { folders, stem } = sharedPieces(key, { part: open.part, rotated: isRotated(job) });
    const path = folders + stem;
    const claimKey = stemClaimKey(this.#library.bucket, path);
    const suffixed = !(await this.#claim(claimKey, recordingId)) || (await this.#isTaken(path, recordingId));
    if (await this.#store.create(stemKey(recordingId), { suffixed, claimKey } satisfies Stem))
      return suffixed;
    // Another part was first, or the answer was lost.
    return (await this.#decided(recordingId))?.suffixed ?? suffixed;
  }

  async #decided(recordingId: string): Promise<Stem | undefined> {
    return (await this.#store.read(stemKey(recordingId), stemSchema))?.value;
  }

  /** @returns whether the stem is this recording's */
  async #claim(key: string, recordingId: string): Promise<boolean> {
    if (await this.#store.create(key, { recordingId })) return true;
    const found = await this.#store.read(key, stemClaimSchema);
    if (found?.value.recordingId === recordingId) return true;
    if (found === undefined || !(await this.#isOver(found.value.recordingId))) return false;
    if (await this.#store.replace(key, { recordingId }, found.etag)) return true;
    return (await this.#store.read(key, stemClaimSchema))?.value.recordingId === recordingId;
  }

  /** It has ended, and all that it recorded is where the library's names tell of it; or it was deleted. */
  async #isOver(recordingId: string): Promise<boolean> {
    const summary = await readSummary(this.#store, recordingId);
    if (summary === undefined) return true;
    return summary.outcome !== undefined && [...summary.parts.values()].every(isSettled);
  }

  async #isTaken(path: string, recordingId: string): Promise<boolean> {
    const key = await this.#find(path);
    if (key === undefined) return false;
    // Its own: moved by an earlier release, or by a function that was cut off.
    return (await this.#library.head(key))?.Metadata?.['recording-id'] !== recordingId;
  }

  /** Some object that has a name which a part may have. */
  async #find(path: string): Promise<string | undefined> {
    // An id or a time follows `-`, which comes before `.`: without those one page has the rest, where it is not crowded.
    const { entries, hasMore } = await this.#objects.listPage(path, { after: `${path}-~` });
    const found = entries.find(({ key }) => isOfStem(key, path));
    if (found !== undefined || !hasMore) return found?.key;
    const reached = entries.at(-1)?.key.charAt(path.length) ?? '';
    if (reached > '_') return undefined;
    return (
      (reached > '.' ? undefined : await this.#findBelow(`${path}.`, path)) ??
      (await this.#findBelow(`${path}_`, path))
    );
  }

  async #findBelow(prefix: string, path: string): Promise<string | undefined> {
    for (let pages = 0, after: string | undefined; pages < PAGES_MAX; pages++) {
      const { entries, hasMore } = await this.#objects.listPage(prefix, after === undefined ? {} : { after });
      const found = entries.find(({ key }) => isOfStem(key, path));
      if (found !== undefined || !hasMore) return found?.key;
      after = entries.at(-1)?.key;
    }
    return undefined;
  }
}
