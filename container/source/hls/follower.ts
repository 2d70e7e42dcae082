import { isDeepStrictEqual } from 'node:util';
import { align, settle } from '../../../functions/core/hls/alignment.ts';
import type { MediaPlaylist, MediaSegment } from '../../../functions/core/hls/playlist.ts';
import { staleAfterMs, startIndex } from '../../../functions/core/hls/reload.ts';
import type { Clock } from '../../../functions/core/protocol/ports.ts';
import type { Listed, NextSegment } from './listedSegment.ts';
import { Looks } from './looks.ts';
import type { PlaylistAddress } from './playlistLoader.ts';
import { type MediaLoaded, Reloading, type ReloadingOptions } from './reloading.ts';
import { LostStreamError } from './sourceFault.ts';

export interface FollowerOptions extends ReloadingOptions {
  readonly clock: Clock;
  /** Another rendering of the stream was taken up to this media sequence number. */
  readonly after?: bigint | undefined;
  /** A live playlist is begun so many segments further from its edge. */
  readonly further?: number;
  /** Of a segment as it is served now. */
  readonly fingerprint: (
    segment: MediaSegment,
    base: string,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
}

/** As many are known again. */
const TAKEN_MAX = 256;

/** Follows one media playlist: tells which segment is the next, and waits for it. */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #reloading: Reloading;
  /** Oldest first. */
  readonly #taken: Listed[] = [];
  /** To be taken, in this order. */
  readonly #queue: Listed[] = [];
  #numbering = 0;
  /** What is listed of it is in the queue. */
  #loaded: MediaLoaded | undefined;
  /** What is to be said of the next one, beside its own: those before it could not be had. */
  #isRestart: boolean = false;
  #missedMs = 0;
  readonly #looks = new Looks();
  /** It is followed though nobody asks for the next segment. */
  #keepsUp: object | undefined;
  /** Whether there was a segment when the playlist was looked at. */
  #looked = Promise.withResolvers<boolean>();
  /** Since when nothing new has come. */
  #staleSinceMs = performance.now();

  constructor(address: PlaylistAddress, options: FollowerOptions) {
    this.#reloading = new Reloading(address, options);
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
      const [next] = this.#queue;
      if (next === undefined) {
        if (this.#loaded?.playlist.isEnded === true) return undefined;
        await this.#look(signal);
      } else if (next.segment.isGap) {
        this.skip();
      } else {
        return {
          ...next,
          isRestart: next.isRestart || this.#isRestart,
          missedMs: next.missedMs + this.#missedMs,
        };
      }
    }
  }

  /**
   * The next segment may have to wait: until it is taken its playlist is followed, or those behind it might leave that unseen.
   * Where it cannot be had, whoever asks for the next one is told.
   */
  keepUp(signal: AbortSignal): void {
    const keepsUp = {};
    const isFollowed = (): boolean =>
      this.#keepsUp === keepsUp && this.#loaded?.playlist.isEnded === false && !signal.aborted;
    const follow = async (): Promise<void> => {
      while (isFollowed()) await this.#look(signal);
    };
    this.#keepsUp = keepsUp;
    void follow().catch(() => undefined);
  }

  /** What its playlist lists is not awaited any more. */
  rest(): void {
    this.#keepsUp = undefined;
  }

  /** Whoever waits for the next segment looks at once. @returns whether there is one; once somebody has looked */
  hurry(): Promise<boolean> {
    this.#reloading.hurry();
    return this.#looked.promise;
  }

  /** Its playlist cannot be had at present. */
  get isAway(): boolean {
    return this.#reloading.isFailing;
  }

  /** The next segment is being used. */
  take(): void {
    this.rest();
    this.#pass();
    this.#isRestart = false;
    this.#missedMs = 0;
  }

  /** @param fingerprint by which the segment that was taken last is known again */
  identify(fingerprint: string | undefined): void {
    const last = this.#taken.at(-1);
    if (last !== undefined) last.fingerprint = fingerprint;
  }

  /** The next segment cannot be had. */
  skip(): void {
    const passed = this.#pass();
    if (passed === undefined) return;
    passed.isSkipped = true;
    this.#isRestart ||= passed.isRestart;
    this.#missedMs += passed.missedMs + passed.segment.durationMs;
  }

  /** Whether the playlist says that what comes next is no continuation any more after so much; undefined: nothing follows it yet. */
  endsWithin(ms: number): boolean | undefined {
    const end = this.#queue.findIndex(({ segment }, i) => i > 0 && segment.isDiscontinuity);
    if (this.#queue.length <= 1) return undefined;
    const left = this.#queue.slice(0, end).reduce((sum, { segment }) => sum + segment.durationMs, 0);
    return end > 0 && left <= ms;
  }

  /** Whether the playlist lists what comes next for so long, as a continuation of its first segment. */
  goesOnFor(ms: number): boolean {
    let listedMs = 0;
    for (const [i, { segment }] of this.#queue.entries()) {
      const isSame = isDeepStrictEqual(segment.init, this.#queue[0]?.segment.init);
      if (i > 0 && (segment.isDiscontinuity || segment.isGap || !isSame)) return false;
      listedMs += segment.durationMs;
      if (listedMs >= ms) return true;
    }
    return false;
  }

  /** Media sequence number of the last one that was taken or skipped. */
  get lastSequence(): bigint | undefined {
    return this.#numbered(this.#taken).at(-1)?.sequence;
  }

  /** Whether the playlist can still be had. @throws HttpFault, PlaylistError; ForbiddenSourceError */
  async probe(signal: AbortSignal): Promise<void> {
    await this.#reloading.probe(signal);
  }

  /**
   * The last ones that were taken are to be taken again, as far as they are in the playlist. Where its numbers have begun
   * again since, those that were in it before are, too: servers keep them for a while. Skipped ones do not count.
   */
  goBack(segments: number): void {
    const least = this.#taken.length - this.#takenAndListed();
    let first = this.#taken.length;
    for (let left = segments; left > 0 && first > least; first--)
      if (this.#taken[first - 1]?.isSkipped === false) left -= 1;
    const again = this.#taken.splice(first);
    if (again.length === 0) return;
    const isAgain = (one: Listed): boolean => one.isAgain || !one.isSkipped;
    this.#queue.unshift(...again.map((one) => ({ ...one, isAgain: isAgain(one), isSkipped: false })));
    this.#missedMs = 0;
    this.#isRestart = false;
  }

  #look(signal: AbortSignal): Promise<void> {
    return this.#looks.one(() => this.#reload(signal).finally(() => this.#tell()), signal);
  }

  async #reload(signal: AbortSignal): Promise<void> {
    const last = this.#loaded;
    const loaded = await this.#reloading.load(signal);
    const { playlist } = loaded;
    if (last === undefined) {
      this.#list(loaded, this.#startIndex(playlist));
    } else if (loaded.text !== last.text && !(await this.#goOn(loaded, signal))) {
      return;
    }
    this.#loaded = loaded;
    if (this.#queue.length > 0) {
      this.#staleSinceMs = performance.now();
    } else if (
      performance.now() - this.#staleSinceMs >=
      staleAfterMs(playlist, this.#options.idleTimeoutMs)
    ) {
      throw new LostStreamError('has a playlist that stays the same');
    }
  }

  #tell(): void {
    this.#looked.resolve(this.#queue.length > 0);
    this.#looked = Promise.withResolvers();
  }

  #startIndex(playlist: MediaPlaylist): number {
    const { after, further } = this.#options;
    const [first] = playlist.segments;
    if (after === undefined || first === undefined) return startIndex(playlist, further);
    const index = after + 1n - first.sequence;
    const isWithin = index >= 0n && index <= BigInt(playlist.segments.length);
    return isWithin ? Number(index) : startIndex(playlist, further);
  }

  /** @returns whether it could be told what is new in it: not before what waits has been looked at, perhaps */
  async #goOn(loaded: MediaLoaded, signal: AbortSignal): Promise<boolean> {
    const { segments } = loaded.playlist;
    const known = this.#numbered([...this.#taken, ...this.#queue]);
    const first = align(known, segments);
    const isWaiting = this.#queue.length > 0;
    if (first.kind === 'doubtful' && isWaiting && first.taken.fingerprint === undefined) return false;
    const alignment =
      first.kind === 'doubtful'
        ? settle(first, await this.#isSame(first.taken, segments[first.index], loaded.url, signal), known)
        : first;
    if (alignment.kind === 'restarted') {
      this.#taken.splice(0, this.#taken.length - this.#takenAndListed());
      this.#numbering += 1;
      this.#list(loaded, alignment.from, { isRestart: true });
    } else {
      this.#list(loaded, alignment.from, { missedMs: this.#lengthOf(alignment.missed) });
    }
    return true;
  }

  /** Its segments from the index on are to be taken. @param first of the first one */
  #list(
    { playlist, url }: MediaLoaded,
    from: number,
    { isRestart = false, missedMs = 0 }: Partial<NextSegment> = {},
  ): void {
    const seenAtMs = this.#options.clock.nowMs();
    const foundAtMs = seenAtMs - this.#reloading.lateMs;
    const listed = playlist.segments.slice(from).map((segment, i): Listed => {
      const { sequence, uri, range } = segment;
      return {
        ...{ segment, sequence, uri, offset: range?.offset ?? 0, base: url, numbering: this.#numbering },
        ...{ isRestart: isRestart && i === 0, missedMs: i === 0 ? missedMs : 0, foundAtMs },
        ...{ seenAtMs, isAgain: false, fingerprint: undefined, isSkipped: false },
      };
    });
    this.#queue.push(...listed);
  }

  /** Those of the playlist's present numbering. */
  #numbered(segments: readonly Listed[]): readonly Listed[] {
    return segments.filter(({ numbering }) => numbering === this.#numbering);
  }

  /** How many of those that were taken the playlist still has, or had when its numbers began again. */
  #takenAndListed(): number {
    const listed = this.#loaded?.playlist.segments.length ?? 0;
    const passed = listed - this.#numbered(this.#queue).length;
    return this.#numbered(this.#taken).length > passed ? passed : this.#taken.length;
  }

  /** By its content. What nobody has looked at yet is taken for the same. */
  async #isSame(
    taken: Listed,
    segment: MediaSegment | undefined,
    base: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (taken.fingerprint === undefined || segment === undefined) return true;
    return (await this.#options.fingerprint(segment, base, signal)) === taken.fingerprint;
  }

  /** How long so many segments are that were never seen: no longer than they can have been. */
  #lengthOf(missed: number): number {
    const last = this.#queue.at(-1) ?? this.#taken.at(-1);
    if (last === undefined) return 0;
    const { durationMs } = last.segment;
    const awayMs = Math.max(durationMs, this.#options.clock.nowMs() - last.foundAtMs);
    return Math.min(missed * durationMs, awayMs);
  }

  #pass(): Listed | undefined {
    const passed = this.#queue.shift();
    if (passed !== undefined) this.#taken.push(passed);
    if (this.#taken.length > TAKEN_MAX) this.#taken.shift();
    return passed;
  }
}
