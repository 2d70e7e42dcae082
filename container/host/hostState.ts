import type { StateStore } from '../../functions/aws/stateStore.ts';
import { type HostStatus, hostStatusSchema } from '../../functions/core/state/hostObjects.ts';
import {
  attemptKey,
  HOSTS_PREFIX,
  hostAsksPrefix,
  hostCarriesKey,
  hostNudgeKey,
  hostRetireKey,
  hostStatusKey,
  recordingIdOfAsk,
} from '../../functions/core/state/keys.ts';
import type { Progress } from '../../functions/core/state/objects.ts';
import type { Carried } from './messages.ts';

export interface Asked {
  /** Something was asked of these. */
  readonly recordingIds: readonly string[];
  /** The host is of an earlier deployment. */
  readonly retire: boolean;
}

/** A heartbeat of another host. */
export interface Heard {
  readonly etag: string;
  /** By S3's clock, in epoch milliseconds. */
  readonly saidAtMs: number;
  readonly recordings: number;
}

const NOTHING_ASKED: Asked = { recordingIds: [], retire: false };

/** What a host writes below `state/hosts/<hostId>/`, and what others tell it there. */
export class HostState {
  readonly #store: StateStore;
  readonly #hostId: string;
  #nudge: string | undefined;
  /** The run that wrote each `carries/…` last. */
  readonly #runs = new Map<string, string>();
  readonly #dropping = new Map<string, Promise<unknown>>();

  constructor(store: StateStore, hostId: string) {
    this.#store = store;
    this.#hostId = hostId;
  }

  /** Before it is claimed: whoever finds the host gone finds what it carried. */
  async carry(carried: Carried): Promise<void> {
    const key = this.#keyOf(carried);
    this.#runs.set(key, carried.runId);
    await this.#dropping.get(key)?.catch(() => undefined);
    await this.#store.overwrite(key, carried);
  }

  /** Another run of the same attempt, of a message that came again, is still found. */
  async drop(carried: Carried): Promise<void> {
    const key = this.#keyOf(carried);
    if (this.#runs.get(key) !== carried.runId) return;
    this.#runs.delete(key);
    const dropped = this.#store.remove(key);
    this.#dropping.set(key, dropped);
    try {
      await dropped;
    } finally {
      this.#dropping.delete(key);
    }
  }

  #keyOf({ recordingId, attempt }: Carried): string {
    return hostCarriesKey(this.#hostId, recordingId, attempt);
  }

  /** The host tells nothing of it any more. */
  async keepProgress({ recordingId, attempt }: Carried, progress: Progress | undefined): Promise<void> {
    if (progress !== undefined)
      await this.#store.overwrite(attemptKey(recordingId, attempt, 'progress'), progress);
  }

  async tellStatus(status: HostStatus): Promise<void> {
    await this.#store.overwrite(hostStatusKey(this.#hostId), status);
  }

  async removeStatus(): Promise<void> {
    await this.#store.remove(hostStatusKey(this.#hostId));
  }

  /** Of all hosts that have written something lately. */
  async hostIds(): Promise<readonly string[]> {
    return this.#store.listFolders(HOSTS_PREFIX);
  }

  /** Another host's last; undefined where it has ended. */
  async heartbeatOf(hostId: string): Promise<Heard | undefined> {
    const status = await this.#store.read(hostStatusKey(hostId), hostStatusSchema);
    if (status === undefined) return undefined;
    const { etag, modifiedAtMs, value } = status;
    return { etag, saidAtMs: modifiedAtMs, recordings: value.recordings };
  }

  /**
   * What was asked since the last time. One cheap request while nothing is. An ask is forgotten
   * before anybody looks what it is: one that comes meanwhile is seen, by that look or by the next ask.
   */
  async asked(): Promise<Asked> {
    const nudge = await this.#store.etag(hostNudgeKey(this.#hostId));
    if (nudge === this.#nudge) return NOTHING_ASKED;
    const [keys, retire] = await Promise.all([
      this.#store.list(hostAsksPrefix(this.#hostId)),
      this.#store.etag(hostRetireKey(this.#hostId)),
    ]);
    await Promise.all(keys.map((key) => this.#store.remove(key)));
    this.#nudge = nudge;
    return { recordingIds: keys.map(recordingIdOfAsk), retire: retire !== undefined };
  }
}
