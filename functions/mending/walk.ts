import * as z from 'zod/mini';
import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { RECONCILE_CURSORS_KEY } from '../core/state/keys.ts';

const cursorsSchema = z.record(z.string(), z.string());

/**
 * Walks through listings a page at a time, as far as the time allows, and goes on there in the next run: what is listed
 * may be more than one run can look at.
 */
export class Walk {
  readonly #store: StateStore;
  readonly #hasTime: () => boolean;
  readonly #cursors: Record<string, string>;

  private constructor(store: StateStore, hasTime: () => boolean, cursors: Record<string, string>) {
    this.#store = store;
    this.#hasTime = hasTime;
    this.#cursors = cursors;
  }

  static async resume(store: StateStore, hasTime: () => boolean): Promise<Walk> {
    const known = await store.read(RECONCILE_CURSORS_KEY, cursorsSchema);
    return new Walk(store, hasTime, { ...known?.value });
  }

  get hasTime(): boolean {
    return this.#hasTime();
  }

  /**
   * @param name of this walk among others
   * @param pagesMax in one run
   * @returns whether it came to the end
   */
  async through(
    name: string,
    prefix: string,
    look: (entries: readonly ListedObject[]) => Promise<void>,
    pagesMax = Number.POSITIVE_INFINITY,
  ): Promise<boolean> {
    for (let pages = 0; pages < pagesMax && this.#hasTime(); pages++) {
      const after = this.#cursors[name];
      const page = await this.#store.listPage(prefix, { ...(after === undefined ? {} : { after }) });
      await look(page.entries);
      const last = page.entries.at(-1)?.key;
      if (!page.hasMore || last === undefined) {
        delete this.#cursors[name];
        return true;
      }
      this.#cursors[name] = last;
    }
    return false;
  }

  /** Two runs at the same time each look at all that they list: whose cursors stay does not matter. */
  async pause(): Promise<void> {
    await this.#store.overwrite(RECONCILE_CURSORS_KEY, this.#cursors);
  }
}
