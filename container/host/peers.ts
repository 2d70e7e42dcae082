import type { Logger } from '@aws-lambda-powertools/logger';
import type { Clock } from '../../functions/core/protocol/ports.ts';
import { othersInRing, Silence, silenceLimitMs } from '../../functions/core/protocol/silence.ts';
import type { Heard, HostState } from './hostState.ts';

export interface PeersOptions {
  readonly hostId: string;
  readonly state: Pick<HostState, 'hostIds' | 'heartbeatOf'>;
  /** Says that this host is there. Who cannot say it, hears nothing either. */
  readonly beat: () => Promise<void>;
  /** This host is slow itself, or S3 is: it does not judge others. */
  readonly isLate: () => boolean;
  /** Tells the settle queue. */
  readonly tellGone: (hostId: string, silentMs: number) => Promise<void>;
  /** Of a clock that only goes forward, in ms. */
  readonly nowMs: () => number;
  /** S3's. */
  readonly clock: Clock;
  readonly log: Logger;
}

const LIST_MS = 30_000;
/** One that carries nothing may carry something by then. */
const LOOK_MS = 6_000;
/** When this host, or S3, was too slow to judge. */
const LOOK_AGAIN_MS = 2_000;
const ENDED_MS = 10 * 60_000;
/** One that lives all the same says so again by then. */
const TOLD_MS = 60_000;

/**
 * What a host does for the next one in the ring of all hosts: it listens to its heartbeat, and says when that has stopped.
 * ECS says so too, and often later.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #silence = new Silence();
  readonly #skippedUntilMs = new Map<string, number>();
  #ring: readonly string[] = [];
  #watched: string | undefined;
  #listAtMs = 0;
  #lookAtMs = 0;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Until it is time to look. */
  get dueInMs(): number {
    return this.#lookAtMs - this.#options.nowMs();
  }

  /**
   * To be called when it is due, or more often: looks when it is time to, which is when the heartbeat that was heard last would be too old, if no other had
   * followed. @throws S3's and SQS's faults: what was not heard is no silence */
  async look(): Promise<void> {
    const { nowMs } = this.#options;
    if (nowMs() < this.#lookAtMs) return;
    this.#lookAtMs = nowMs() + LOOK_AGAIN_MS;
    try {
      await this.#list();
      await this.#listen();
    } catch (error) {
      this.#silence.unheard();
      throw error;
    }
  }

  async #list(): Promise<void> {
    const { hostId, state, nowMs } = this.#options;
    if (nowMs() < this.#listAtMs) return;
    this.#ring = othersInRing(hostId, await state.hostIds());
    this.#listAtMs = nowMs() + LIST_MS;
  }

  async #listen(): Promise<void> {
    const { state, beat, isLate, tellGone, nowMs, log } = this.#options;
    this.#lookAtMs = nowMs() + LOOK_MS;
    const hostId = this.#ring.find((id) => (this.#skippedUntilMs.get(id) ?? 0) <= nowMs());
    if (hostId !== this.#watched) this.#silence.unheard();
    this.#watched = hostId;
    if (hostId === undefined) return;
    const heartbeat = await state.heartbeatOf(hostId);
    if (heartbeat === undefined) return this.#skip(hostId, ENDED_MS);
    const silentMs = this.#silentMs(heartbeat);
    const leftMs = silenceLimitMs(heartbeat) - silentMs;
    if (leftMs > 0) {
      this.#lookAtMs = nowMs() + Math.min(LOOK_MS, leftMs);
      return;
    }
    await beat();
    if (isLate()) {
      this.#lookAtMs = nowMs() + LOOK_AGAIN_MS;
      return this.#silence.unheard();
    }
    // It may have spoken meanwhile.
    if ((await state.heartbeatOf(hostId))?.etag !== heartbeat.etag) return;
    log.warn('another host is taken for gone', { gone: hostId, silentMs });
    await tellGone(hostId, silentMs);
    this.#skip(hostId, TOLD_MS);
  }

  #silentMs({ etag, saidAtMs }: Heard): number {
    const { clock, nowMs } = this.#options;
    return this.#silence.heard({ etag, ageMs: clock.nowMs() - saidAtMs }, nowMs());
  }

  /** The next one is looked after at once. */
  #skip(hostId: string, forMs: number): void {
    this.#skippedUntilMs.set(hostId, this.#options.nowMs() + forMs);
    this.#lookAtMs = 0;
  }
}
