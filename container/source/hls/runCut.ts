import { setTimeout as delay } from 'node:timers/promises';
import { endOf, type SegmentFacts } from '../../../functions/core/hls/seam.ts';
import { AwakeTimer } from '../../attempt/awakeTimer.ts';
import { LostStreamError } from './sourceFault.ts';
import { orUntil } from './wait.ts';

/** Times that are so far apart are not of the same clock. */
const FAR_MS = 120_000;
/** Between ends and beginnings of one moment. */
const ROUNDING_MS = 100;
/** Sound of which nothing has come for so long, while pictures of its time have, may not come any more. */
const LOST_AFTER_MS = 3_000;
/** What is so much earlier than the others of its time comes without a word of those. */
const WAIT_MS = 1_000;
/** Within that, playlists are looked at so often. */
const LOOKS = 2;

/**
 * Picture and sound come in playlists of their own: where one of them is cut, the others are. So sound is given as far as
 * it is known that the pictures go on, and pictures no further than sound that ffmpeg reads, if they need not wait long.
 */
export class RunCut {
  /** Pictures are to go on: looks for sound that the run is without, and that may have come with them. */
  look: (signal: AbortSignal) => Promise<void> = async () => undefined;
  /** The playlist of the pictures cannot be had at present. */
  isAway: () => boolean = () => false;
  /**
   * What comes next of a sound is waited for, or of the pictures (undefined): a playlist is looked at now and then, and may
   * have it by now. Called again and again.
   */
  hurry: (sound: object | undefined) => void = () => undefined;
  readonly #over = new AbortController();
  #at: { readonly atMs: number | undefined } | undefined;
  /** Where sound begins that the run is without. */
  #soundFromMs: number | undefined;
  /** Until when there are pictures for this run; undefined: nobody has said. */
  #knownMs: number | undefined;
  /** Until when there is what of each sound that ffmpeg reads; undefined: it has no times. */
  readonly #sounds = new Map<object, number | undefined>();
  /** Sounds that begin anew with what comes next of them. */
  readonly #anew = new Set<object>();
  #told = Promise.withResolvers<void>();
  readonly #waitMs: number;
  readonly #lostAfterMs: number;

  constructor(waitMs = WAIT_MS, lostAfterMs = LOST_AFTER_MS) {
    this.#waitMs = waitMs;
    this.#lostAfterMs = lostAfterMs;
  }

  /** Aborts when what has the picture is over: nobody waits for more of the others. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * One of them ends here.
   * @param last its last segment
   */
  cutAfter(last: SegmentFacts | undefined): void {
    this.#at ??= { atMs: last === undefined ? undefined : endOf(last) };
    this.#tell();
  }

  /**
   * Sound that the run is without is there: another run begins with it, and with the pictures of its beginning.
   * @param before the last pictures
   */
  beginWith(sound: SegmentFacts, before: SegmentFacts | undefined): void {
    if (before !== undefined && isBehind(before, sound)) this.#soundFromMs = sound.startMs;
    else this.cutAfter(before);
  }

  end(): void {
    this.#over.abort();
  }

  /**
   * There are pictures until the end of this segment, if sound does not change before.
   * @param last undefined: there are no more, and sound goes on by itself
   */
  know(last: SegmentFacts | undefined): void {
    this.#knownMs = (last && endOf(last)) ?? Number.POSITIVE_INFINITY;
    this.#tell();
  }

  /** The run has a sound of its own, which ffmpeg does not read yet. */
  expect(sound: object): void {
    this.#sounds.set(sound, Number.NEGATIVE_INFINITY);
  }

  /**
   * A sound of the run goes on with this segment.
   * @param sound the same for all of its segments
   */
  goOn(sound: object, last: SegmentFacts): void {
    this.#sounds.set(sound, endOf(last));
    this.#anew.delete(sound);
    this.#tell();
  }

  /** What comes next of a sound has a clock of its own. */
  beginAnew(sound: object): void {
    this.#anew.add(sound);
    this.#tell();
  }

  /**
   * Whether a sound begins anew behind a segment of pictures. It waits a while until all of them have come to its end.
   * @throws what the signal is aborted with
   */
  async isSoundAnew(before: SegmentFacts, signal: AbortSignal): Promise<boolean> {
    const endMs = (endOf(before) ?? Number.NEGATIVE_INFINITY) + ROUNDING_MS;
    const behind = (): object[] =>
      [...this.#sounds]
        .filter(([, untilMs = Number.POSITIVE_INFINITY]) => untilMs <= endMs)
        .map(([sound]) => sound);
    await this.#until(() => (this.#anew.size > 0 ? [] : behind()), signal);
    return this.#anew.size > 0;
  }

  /** Nothing more comes of a sound in this run. */
  leave(sound: object): void {
    this.#sounds.delete(sound);
    this.#anew.delete(sound);
    this.#tell();
  }

  /** Waits a while until it is known what becomes of a segment of sound. @throws what the signal is aborted with */
  async untilKnown(sound: SegmentFacts, signal: AbortSignal): Promise<void> {
    await this.#until(() => (this.#isKnown(sound) ? [] : [undefined]), signal);
  }

  /**
   * Waits a while until sound has come to a segment of pictures: where it changes before that, the run ends with it, and
   * what follows begins together. Once, for sound that does not go on. @throws what the signal is aborted with
   */
  async untilSound(pictures: SegmentFacts, signal: AbortSignal): Promise<void> {
    const behind = (): object[] =>
      [...this.#sounds.keys()].filter((sound) => this.#isAwaited(sound, pictures));
    await this.#until(behind, signal);
    for (const sound of behind()) this.#sounds.delete(sound);
  }

  /**
   * Whether pictures go on in the run where sound would have gone on, had its clock not gone back. It waits a while for them.
   * @param expected what sound would be
   * @throws what the signal is aborted with
   */
  async goesOnAt(expected: SegmentFacts, signal: AbortSignal): Promise<boolean> {
    await this.untilKnown(expected, signal);
    return this.#at === undefined && Number.isFinite(this.#knownMs) && this.#isKnown(expected);
  }

  /**
   * Waits until sound is taken for lost: ffmpeg reads no more pictures than it has sound. Where those cannot be had, either, its
   * playlist tells once they can.
   * @param before its last segment
   * @param look at its playlist: whether there is more of it
   * @param signal ends the wait: it rejects with what that is aborted with
   */
  async untilLost(
    before: SegmentFacts | undefined,
    look: () => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    while (!signal.aborted && !this.#isBehind(before)) await Promise.race([this.#told.promise, aborted]);
    let mayCome: boolean = true;
    while (mayCome) {
      await delay(this.#lostAfterMs, undefined, { signal });
      mayCome = this.isAway() || (await this.#isThere(look, signal));
    }
  }

  /**
   * Waits for what comes next of a sound, until that is taken for lost.
   * @param before, look as for `untilLost`
   * @throws LostStreamError it is; as `next`
   */
  async unlessLost<T>(
    before: SegmentFacts | undefined,
    look: () => Promise<boolean>,
    next: (until: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const settled = new AbortController();
    const lost = new AbortController();
    const watch = this.untilLost(before, look, AbortSignal.any([signal, settled.signal])).then(
      () => lost.abort(new LostStreamError('has sound that does not go on with its pictures')),
      () => undefined,
    );
    try {
      return await next(AbortSignal.any([signal, lost.signal]));
    } finally {
      settled.abort();
      await watch;
    }
  }

  /**
   * The segment belongs to the next run. Those of sound are longer or shorter than the pictures': the nearest end is theirs.
   * Pictures go on to behind the end of sound: what begins with sound then goes on in the same file where that had ended.
   */
  isBefore({ startMs, durationMs }: SegmentFacts, hasPictures: boolean): boolean {
    const soundFromMs = hasPictures ? this.#soundFromMs : undefined;
    if (soundFromMs !== undefined && startMs !== undefined && startMs + durationMs > soundFromMs) return true;
    if (this.#at === undefined) return false;
    const { atMs } = this.#at;
    if (atMs === undefined || startMs === undefined) return true;
    const toleranceMs = hasPictures ? Math.min(ROUNDING_MS, durationMs / 2) : durationMs / 2;
    return startMs >= atMs - toleranceMs;
  }

  #isKnown({ startMs, durationMs }: SegmentFacts): boolean {
    if (this.#at !== undefined || startMs === undefined) return true;
    const aheadMs = startMs + durationMs / 2 - (this.#knownMs ?? Number.NEGATIVE_INFINITY);
    return aheadMs <= 0 || (aheadMs > FAR_MS && this.#knownMs !== undefined);
  }

  /** There are pictures of after it, by the same clock. */
  #isBehind(before: SegmentFacts | undefined): boolean {
    const endMs = before && endOf(before);
    if (before === undefined || endMs === undefined || this.#knownMs === undefined) return false;
    const behindMs = this.#knownMs - endMs;
    return behindMs > before.durationMs / 2 && behindMs < FAR_MS;
  }

  #isAwaited(sound: object, { startMs }: SegmentFacts): boolean {
    const endMs = this.#sounds.get(sound);
    if (this.#at !== undefined || startMs === undefined || endMs === undefined) return false;
    const behindMs = startMs + ROUNDING_MS - endMs;
    return behindMs > 0 && (behindMs < FAR_MS || !Number.isFinite(behindMs));
  }

  /** Within a while. @param look whether it is */
  async #isThere(look: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    let isThere: boolean = false;
    const looked = look().then((is) => {
      isThere = is;
    });
    await orUntil(looked, this.#waitMs, signal);
    return isThere;
  }

  /**
   * A process that did not run has heard of nothing, either: what has come meanwhile is told before it is too late.
   * @param awaited what is still waited for, as for `hurry`
   */
  async #until(awaited: () => readonly (object | undefined)[], signal: AbortSignal): Promise<void> {
    const hurry = (): void => {
      for (const one of awaited()) this.hurry(one);
    };
    const over = Promise.withResolvers<void>();
    let isLate: boolean = false;
    const timer = new AwakeTimer(() => {
      isLate = true;
      over.resolve();
    }, this.#waitMs);
    const stop = (): void => over.resolve();
    signal.addEventListener('abort', stop);
    hurry();
    const looks = setInterval(hurry, this.#waitMs / LOOKS);
    while (!signal.aborted && !isLate && awaited().length > 0)
      await Promise.race([this.#told.promise, over.promise]);
    signal.removeEventListener('abort', stop);
    clearInterval(looks);
    timer.clear();
    signal.throwIfAborted();
  }

  #tell(): void {
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }
}

/** The sound begins behind the segment of pictures, by the same clock. */
export function isBehind(pictures: SegmentFacts, { startMs }: SegmentFacts): boolean {
  const endMs = endOf(pictures);
  if (endMs === undefined || startMs === undefined) return false;
  return startMs >= endMs && startMs - endMs < FAR_MS;
}
