import { isDeepStrictEqual } from 'node:util';
import { type MediaPlaylist, PlaylistError } from '../../../functions/core/hls/playlist.ts';
import { reloadAfterMs } from '../../../functions/core/hls/reload.ts';
import { HttpFault, type JudgedHttp } from '../reach/judgedHttp.ts';
import { type LoadedPlaylist, loadPlaylist, type PlaylistAddress } from './playlistLoader.ts';
import { orUntil } from './wait.ts';

export type MediaLoaded = LoadedPlaylist & { readonly playlist: MediaPlaylist };

export interface ReloadingOptions {
  readonly http: Pick<JudgedHttp, 'get'>;
  readonly idleTimeoutMs: number;
  /**
   * The playlist's address as what led to it gives it now: those of sessions are good for a while only.
   * @returns undefined: it gives no other one
   */
  readonly renew?: (signal: AbortSignal) => Promise<PlaylistAddress | undefined>;
}

const FAULTS_BACKOFF_MS = 250;
const BACKOFF_MAX_MS = 2_000;
/** A playlist that a server does not have any more is not asked for again and again. */
const DENIALS_MAX = 3;

/** One media playlist, loaded whenever it is time to. */
export class Reloading {
  readonly #options: ReloadingOptions;
  #address: PlaylistAddress;
  #loaded: MediaLoaded | undefined;
  /** The last time that it was loaded, there was a new segment. */
  #hasChanged: boolean = true;
  #loadedAtMs = 0;
  #lateMs = 0;
  #isFailing: boolean = false;
  /** Ends the wait until it is time to. */
  #hurried = Promise.withResolvers<void>();

  constructor(address: PlaylistAddress, options: ReloadingOptions) {
    this.#address = address;
    this.#options = options;
  }

  /** So much later than it was due it was loaded last: what it had then may have been there before. */
  get lateMs(): number {
    return this.#lateMs;
  }

  /** The last time that it was asked for, it could not be had. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Now is the time to load it. */
  hurry(): void {
    this.#hurried.resolve();
  }

  /**
   * The playlist, when it is time to load it; again for a while when that fails.
   * @throws HttpFault, PlaylistError, ForbiddenSourceError
   */
  async load(signal: AbortSignal): Promise<MediaLoaded> {
    const { http, idleTimeoutMs } = this.#options;
    await this.#untilDue(signal);
    const sinceMs = performance.now();
    for (let faults = 1; ; faults++) {
      try {
        this.#loadedAtMs = performance.now();
        const { playlist, ...rest } = await loadPlaylist(http, this.#address, signal, this.#loaded);
        if (playlist.kind !== 'media') {
          throw new PlaylistError('has a playlist of variants where one of segments should be');
        }
        const loaded = { ...rest, playlist };
        this.#hasChanged = this.#loaded === undefined || hasNewSegment(this.#loaded.playlist, playlist);
        this.#loaded = loaded;
        this.#isFailing = false;
        return loaded;
      } catch (error) {
        signal.throwIfAborted();
        this.#isFailing = true;
        const isDenial = error instanceof HttpFault && error.isDenial;
        // A page that says what is wrong, in the place of a playlist, is no denial either.
        const mayPass = faults < DENIALS_MAX || !isDenial;
        const isFault = error instanceof HttpFault || error instanceof PlaylistError;
        // Of a stream that has not been seen yet the first answer counts.
        if (!isFault || !mayPass || this.#loaded === undefined) throw error;
        if (performance.now() - sinceMs >= idleTimeoutMs) throw error;
        if (isDenial) this.#address = (await this.#options.renew?.(signal)) ?? this.#address;
      }
      const backoffMs = FAULTS_BACKOFF_MS * 2 ** (faults - 1);
      await this.#unlessHurried(Math.min(BACKOFF_MAX_MS, backoffMs), signal);
    }
  }

  /** Whether the playlist can still be had. @throws HttpFault, PlaylistError; ForbiddenSourceError */
  async probe(signal: AbortSignal): Promise<void> {
    await loadPlaylist(this.#options.http, this.#address, signal, this.#loaded);
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    const dueMs = this.#loadedAtMs + reloadAfterMs(loaded.playlist, this.#hasChanged);
    await this.#unlessHurried(Math.max(0, dueMs - performance.now()), signal);
    this.#lateMs = Math.max(0, performance.now() - dueMs);
  }

  async #unlessHurried(ms: number, signal: AbortSignal): Promise<void> {
    await orUntil(this.#hurried.promise, ms, signal);
    this.#hurried = Promise.withResolvers();
  }
}

/** Parts of one that is not whole yet, which a packager for low latency lists as they are made, are nothing to take. */
const hasNewSegment = (before: MediaPlaylist, { segments }: MediaPlaylist): boolean =>
  !isDeepStrictEqual(before.segments.at(-1), segments.at(-1));
