import { setTimeout as delay } from 'node:timers/promises';
import { align, settle, type TakenSegment } from '../../../functions/core/hls/alignment.ts';
import {
  type MediaPlaylist,
  type MediaSegment,
  PlaylistError,
} from '../../../functions/core/hls/playlist.ts';
import { reloadAfterMs, staleAfterMs, startIndex } from '../../../functions/core/hls/reload.ts';
import type { Clock } from '../../../functions/core/protocol/ports.ts';
import { HttpFault, type JudgedHttp } from '../reach/judgedHttp.ts';
import { type LoadedPlaylist, loadPlaylist } from './playlistLoader.ts';

export interface FollowerOptions {
  readonly http: JudgedHttp;
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  /** Another rendering of the stream was taken up to this media sequence number. */
  readonly after?: bigint | undefined;
  /** Of a segment as it is served now. */
  readonly fingerprint: (
    segment: MediaSegment,
    base: string,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
}

/** A segment that is to be taken next. */
export interface NextSegment {
  readonly segment: MediaSegment;
  readonly base: string;
  /** Numbers have begun again with it. */
  readonly isRestart: boolean;
  /** Of segments that were in the playlist while nobody looked, or have no media. */
  readonly missedMs: number;
  /** When the playlist was loaded that has it, in epoch milliseconds. */
  readonly foundAtMs: number;
}

/** The stream is lost: it may come back. The message follows "The source". */
export class LostStreamError extends Error {
  override readonly name = 'LostStreamError';
}

type MediaLoaded = LoadedPlaylist & { readonly playlist: MediaPlaylist };

interface Taken extends TakenSegment {
  readonly durationMs: number;
  readonly foundAtMs: number;
  /** Of the segment's first bytes; undefined while they are not known. */
  fingerprint: string | undefined;
}

/** As many are known again. */
const TAKEN_MAX = 256;
const LOAD_FAULTS_BACKOFF_MS = 250;
const LOAD_BACKOFF_MAX_MS = 2_000;
/** A playlist that a server does not have any more is not asked for again and again. */
const DENIALS_MAX = 3;

/** Follows one media playlist: tells which segment is the next, and waits for it. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #url: string;
  readonly #taken: Taken[] = [];
  #loaded: MediaLoaded | undefined;
  /** The last time that it was loaded, something was new. */
  #hasChanged: boolean = true;
  #loadedAtMs = 0;
  #foundAtMs = 0;
  #fresh: readonly MediaSegment[] = [];
  #index = 0;
  #isRestart: boolean = false;
  #missedMs = 0;
  /** Since when nothing new has come. */
  #staleSinceMs = performance.now();

  constructor(url: string, options: FollowerOptions) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * The next segment, once there is one.
   * @returns undefined when the playlist has ended
   * @throws LostStreamError, HttpFault, PlaylistError: it does not go on for now; ForbiddenSourceError
   */
  async next(signal: AbortSignal): Promise<NextSegment | undefined> {
    this.#staleSinceMs = performance.now();
    for (;;) {
      const segment = this.#fresh[this.#index];
      const loaded = this.#loaded;
      if (segment !== undefined && loaded !== undefined) {
        if (!segment.isGap) {
          return {
            segment,
            base: loaded.url,
            isRestart: this.#isRestart,
            missedMs: this.#missedMs,
            foundAtMs: this.#foundAtMs,
          };
        }
        this.skip(segment);
        continue;
      }
      if (loaded?.playlist.isEnded === true) return undefined;
      await this.#reload(signal);
    }
  }

  /** The segment is being used. */
  take(segment: MediaSegment): void {
    this.#index += 1;
    this.#isRestart = false;
    this.#missedMs = 0;
    this.#remember(segment);
  }

  /** @param fingerprint by which the segment that was taken last is known again */
  identify(fingerprint: string | undefined): void {
    const last = this.#taken.at(-1);
    if (last !== undefined) last.fingerprint = fingerprint;
  }

  /** The segment cannot be had. */
  skip(segment: MediaSegment): void {
    this.#index += 1;
    this.#missedMs += segment.durationMs;
    this.#remember(segment);
  }

  /** Media sequence number of the last one that was taken or skipped. */
  get lastSequence(): bigint | undefined {
    return this.#taken.at(-1)?.sequence;
  }

  /** Whether the playlist can still be had. @throws HttpFault, PlaylistError; ForbiddenSourceError */
  async probe(signal: AbortSignal): Promise<void> {
    await loadPlaylist(this.#options.http, this.#url, signal, this.#loaded);
  }

  /** The last ones that were taken are to be taken again. */
  goBack(segments: number): void {
    if (segments <= 0) return;
    this.#taken.splice(Math.max(0, this.#taken.length - segments));
    this.#fresh = this.#loaded?.playlist.segments ?? [];
    const alignment = align(this.#taken, this.#fresh);
    this.#index = alignment.kind === 'doubtful' ? 0 : alignment.from;
    this.#missedMs = 0;
    this.#isRestart = false;
  }

  async #reload(signal: AbortSignal): Promise<void> {
    const last = this.#loaded;
    const loaded = await this.#load(signal);
    const hasChanged = loaded.text !== last?.text;
    const { playlist } = loaded;
    if (last === undefined) {
      this.#begin(playlist);
    } else if (hasChanged) {
      await this.#goOn(loaded, signal);
    }
    this.#loaded = loaded;
    this.#hasChanged = hasChanged;
    if (this.#fresh.length > this.#index) {
      this.#foundAtMs = this.#options.clock.nowMs();
      this.#staleSinceMs = performance.now();
    } else if (
      performance.now() - this.#staleSinceMs >=
      staleAfterMs(playlist, this.#options.idleTimeoutMs)
    ) {
      throw new LostStreamError('has a playlist that stays the same');
    }
  }

  #begin(playlist: MediaPlaylist): void {
    const { segments } = playlist;
    this.#fresh = segments;
    this.#index = this.#startIndex(playlist);
    // Whoever goes back to the beginning comes here again.
    const before = segments[this.#index - 1];
    if (before !== undefined) this.#remember(before);
  }

  #startIndex(playlist: MediaPlaylist): number {
    const { after } = this.#options;
    const [first] = playlist.segments;
    if (after === undefined || first === undefined) return startIndex(playlist);
    const index = after + 1n - first.sequence;
    const isWithin = index >= 0n && index <= BigInt(playlist.segments.length);
    return isWithin ? Number(index) : startIndex(playlist);
  }

  async #goOn({ playlist: { segments }, url }: MediaLoaded, signal: AbortSignal): Promise<void> {
    const first = align(this.#taken, segments);
    const alignment =
      first.kind === 'doubtful'
        ? settle(first, await this.#isSame(first.taken, segments[first.index], url, signal), this.#taken)
        : first;
    this.#fresh = segments;
    this.#index = Math.min(segments.length, alignment.from);
    if (alignment.kind === 'restarted') {
      this.#isRestart = true;
      this.#taken.length = 0;
    } else if (alignment.missed > 0) {
      this.#missedMs += this.#lengthOf(alignment.missed);
    }
  }

  /** By its content. What nobody has looked at yet is taken for the same. */
  async #isSame(
    taken: Taken,
    segment: MediaSegment | undefined,
    base: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (taken.fingerprint === undefined || segment === undefined) return true;
    return (await this.#options.fingerprint(segment, base, signal)) === taken.fingerprint;
  }

  /** How long so many segments are that were never seen: no longer than they can have been. */
  #lengthOf(missed: number): number {
    const last = this.#taken.at(-1);
    if (last === undefined) return 0;
    const awayMs = Math.max(last.durationMs, this.#options.clock.nowMs() - last.foundAtMs);
    return Math.min(missed * last.durationMs, awayMs);
  }

  #remember({ sequence, uri, range, durationMs }: MediaSegment): void {
    const foundAtMs = this.#foundAtMs;
    const offset = range?.offset ?? 0;
    this.#taken.push({ sequence, uri, offset, durationMs, foundAtMs, fingerprint: undefined });
    if (this.#taken.length > TAKEN_MAX) this.#taken.shift();
  }

  /** Loads the playlist when it is time to; again for a while when that fails. */
  async #load(signal: AbortSignal): Promise<MediaLoaded> {
    const { http, idleTimeoutMs } = this.#options;
    await this.#untilReload(signal);
    const sinceMs = performance.now();
    for (let faults = 1; ; faults++) {
      try {
        this.#loadedAtMs = performance.now();
        const loaded = await loadPlaylist(http, this.#url, signal, this.#loaded);
        if (loaded.playlist.kind !== 'media') {
          throw new PlaylistError('has a playlist of variants where one of segments should be');
        }
        return { ...loaded, playlist: loaded.playlist };
      } catch (error) {
        signal.throwIfAborted();
        const mayPass =
          error instanceof HttpFault ? !error.isDenial || faults < DENIALS_MAX : faults < DENIALS_MAX;
        const isFault = error instanceof HttpFault || error instanceof PlaylistError;
        // Of a stream that has not been seen yet the first answer counts.
        if (!isFault || !mayPass || this.#loaded === undefined) throw error;
        if (performance.now() - sinceMs >= idleTimeoutMs) throw error;
      }
      const backoffMs = LOAD_FAULTS_BACKOFF_MS * 2 ** (faults - 1);
      await delay(Math.min(LOAD_BACKOFF_MAX_MS, backoffMs), undefined, { signal });
    }
  }

  async #untilReload(signal: AbortSignal): Promise<void> {
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    const dueMs = this.#loadedAtMs + reloadAfterMs(loaded.playlist, this.#hasChanged);
    await delay(Math.max(0, dueMs - performance.now()), undefined, { signal });
  }
}
