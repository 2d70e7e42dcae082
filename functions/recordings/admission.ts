import { logger } from '../aws/logger.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { embeddedMetrics } from '../core/metrics/embeddedMetrics.ts';
import { REFUSED_METRIC } from '../core/metrics/recordingMetrics.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { ACTIVE_PREFIX } from '../core/state/keys.ts';

/** For how long a count holds, with what was let in since: a LIST for a thousand recordings, and not for each start. */
const COUNT_HOLDS_MS = 5_000;

/**
 * Lets recordings in while fewer go on than a deployment allows. It counts the markers of what is active, and never more
 * of them than the limit; each instance of a function counts for itself, so that starts of the same moment may pass.
 */
export class Admission {
  readonly #store: Pick<StateStore, 'listPage'>;
  readonly #clock: Clock;
  readonly #max: number;
  #active = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;

  constructor(store: Pick<StateStore, 'listPage'>, clock: Clock, maxConcurrentRecordings: number) {
    this.#store = store;
    this.#clock = clock;
    this.#max = maxConcurrentRecordings;
  }

  /** @throws RecorderError too_many_recordings */
  async admit(): Promise<void> {
    const isOld = this.#clock.nowMs() - this.#countedAtMs >= COUNT_HOLDS_MS;
    // Whoever is refused is refused by what is so now.
    if (isOld || this.#active >= this.#max) await this.#count();
    if (this.#active >= this.#max) {
      const metrics = { [REFUSED_METRIC]: { value: 1, unit: 'Count' } } as const;
      const counted = embeddedMetrics('api', this.#clock.nowMs(), metrics);
      logger.warn('a recording is not started: as many go on as are allowed', { ...counted });
      throw new RecorderError(
        'too_many_recordings',
        `${this.#max} recordings go on, as many as this deployment allows (limits.maxConcurrentRecordings). Stop one, or try again later.`,
      );
    }
    this.#active += 1;
  }

  async #count(): Promise<void> {
    const countedAtMs = this.#clock.nowMs();
    let active = 0;
    for (let after: string | undefined; ; ) {
      const { entries, hasMore } = await this.#store.listPage(ACTIVE_PREFIX, {
        ...(after === undefined ? {} : { after }),
      });
      active += entries.length;
      if (!hasMore || active >= this.#max) break;
      after = entries.at(-1)?.key;
    }
    this.#active = active;
    this.#countedAtMs = countedAtMs;
  }
}
