import type { Logger } from '@aws-lambda-powertools/logger';
import { ForbiddenSourceError } from '../../../functions/aws/dnsResolution.ts';
import { UnsupportedStreamError } from '../../../functions/core/hls/playlist.ts';
import { pausedFromMs, type SegmentFacts } from '../../../functions/core/hls/seam.ts';
import type { LeftOut } from '../../../functions/core/settings/selectTracks.ts';
import type { Ahead, Rendition } from './rendition.ts';
import { isBehind } from './runCut.ts';
import { isSourceFault } from './sourceFault.ts';
import { orUntil } from './wait.ts';

export interface Sound {
  readonly rendition: Rendition;
  /** Of three letters. */
  readonly language: string | undefined;
}

/** A playlist's segments from here on. */
export interface Begun extends Sound {
  readonly ahead: Ahead;
}

/** The playlist of the pictures. */
type Pictures = Pick<Rendition, 'before' | 'goesOnFor'>;

/** The segment of the pictures that they have come to; undefined: there is none. */
type Place = () => SegmentFacts | undefined;

interface Followed extends Sound {
  /** The present run is without it, or has lost it. */
  isMissing: boolean;
  /** It is there, and begins where the clock of the pictures goes on as its own. */
  isOfLater: boolean;
  /** No time brings it: it cannot be recorded. */
  isUnusable: boolean;
  /** Looks for it that failed. */
  faults: number;
  /** Settles once it is there, or nobody looks any more. */
  looking: Promise<void>;
}

/** Sound that has not come so long after the picture may never come. */
const WAIT_MS = 3_000;
/** Sound of a stretch may be longer than its pictures by as much. */
const REST_MAX_MS = 3_000;
const TINY_MS = 500;
/** Times that are further apart are not of one moment. */
const OTHER_CLOCK_MS = 60_000;
const LOOK_FIRST_MS = 500;
/** Pictures that have come wait so long for a look at sound that may have come with them. */
const LOOK_NOW_MAX_MS = 1_000;
/** Sound that comes and goes costs a run of ffmpeg each time. */
const LOOK_MAX_MS = 10_000;

/**
 * Sound in playlists of its own. The pictures wait a while for it where they begin, and go on without what cannot be had:
 * that is looked for until it is there.
 */
export class Sounds {
  readonly #followed: readonly Followed[];
  readonly #log: Logger;
  /** Ends the pause before the next look. */
  #wake = Promise.withResolvers<void>();
  #looks: { readonly abort: AbortController; readonly all: Promise<void>[] } | undefined;

  constructor(sounds: readonly Sound[], log: Logger) {
    this.#followed = sounds.map((sound) => ({
      ...sound,
      isMissing: false,
      isOfLater: false,
      isUnusable: false,
      faults: 0,
      looking: Promise.resolve(),
    }));
    this.#log = log;
  }

  get renditions(): readonly Rendition[] {
    return this.#followed.map(({ rendition }) => rendition);
  }

  /** What the present run is without. */
  get leftOut(): readonly LeftOut[] {
    const count = this.#followed.filter(({ isMissing }) => isMissing).length;
    return count === 0 ? [] : [{ kind: 'audio', codec: 'none', reason: 'never_came', count }];
  }

  /**
   * Those that go with what begins.
   * @param main what the pictures begin with; undefined: there are no more of them
   * @throws ForbiddenSourceError; what is no fault of the source's; what the signal was aborted with
   */
  async open(
    pictures: Pictures,
    main: Omit<Ahead, 'opened'> | undefined,
    signal: AbortSignal,
  ): Promise<Begun[]> {
    await this.stopLooking();
    const opened = await Promise.all(
      this.#followed.map((sound) => this.#open(sound, pictures, main, signal)),
    );
    return opened.filter((sound) => sound !== undefined);
  }

  /**
   * Looks for what the run is without, for as long as that goes on.
   * @param place where the pictures are
   * @param onFound one is there
   */
  look(place: Place, onFound: (first: SegmentFacts) => void): void {
    const abort = new AbortController();
    this.#looks = { abort, all: [] };
    for (const sound of this.#followed)
      if (sound.isMissing && !sound.isOfLater) this.#lookFor(sound, place, onFound);
  }

  /**
   * Pictures are to go on: sound that has never come may have come with them, and is to begin with them then; and a playlist of sound
   * that could not be had may be there again.
   */
  async lookNow(signal: AbortSignal): Promise<void> {
    for (const { rendition } of this.#followed) if (rendition.isAway) void rendition.hurry();
    const awaited = this.#followed.filter(
      ({ isMissing, isUnusable, rendition }) => isMissing && !isUnusable && rendition.before === undefined,
    );
    if (awaited.length === 0) return;
    const looks = awaited.map(async ({ rendition, looking }) => {
      if (rendition.isOpen || (await rendition.hurry())) await looking;
    });
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
    await orUntil(Promise.all(looks), LOOK_NOW_MAX_MS, signal);
  }

  /** The run has lost one. */
  lose(rendition: Rendition, place: Place, onFound: (first: SegmentFacts) => void): void {
    const sound = this.#followed.find((one) => one.rendition === rendition);
    if (sound === undefined || sound.isMissing) return;
    sound.isMissing = true;
    this.#lookFor(sound, place, onFound);
  }

  /** The source was lost: all of them are waited for when it is back. */
  forget(): void {
    for (const sound of this.#followed) sound.isMissing = false;
  }

  async stopLooking(): Promise<void> {
    this.#looks?.abort.abort();
    await Promise.all(this.#looks?.all ?? []);
    this.#looks = undefined;
  }

  async close(): Promise<void> {
    await this.stopLooking();
    for (const rendition of this.renditions) await rendition.close();
  }

  async #open(
    sound: Followed,
    pictures: Pictures,
    main: Omit<Ahead, 'opened'> | undefined,
    signal: AbortSignal,
  ): Promise<Begun | undefined> {
    const { rendition, language } = sound;
    if (sound.isUnusable || (sound.isMissing && !rendition.isOpen)) return undefined;
    const wait = AbortSignal.timeout(WAIT_MS);
    try {
      const until = AbortSignal.any([signal, wait]);
      sound.isOfLater = await beginsLater(rendition, () => main?.facts, until);
      if (sound.isOfLater) {
        sound.isMissing = true;
        return undefined;
      }
      // What is to come again goes back itself.
      if (main?.seam.kind === 'newTimeline' && !main.next.isAgain) await leaveRest(rendition, until);
      // What is found in a pause of the pictures begins there.
      const fromMs =
        sound.isMissing && main !== undefined
          ? pausedFromMs(pictures.before, main.facts, main.seam)
          : main?.facts.startMs;
      const ahead = await placed(rendition, fromMs, until);
      // It has been found ahead of the pictures: they go on without it up to there.
      if (ahead !== undefined && main !== undefined && isBehind(main.facts, ahead.facts)) {
        const aheadMs = (ahead.facts.startMs ?? 0) - (main.facts.startMs ?? 0);
        // Before it has ever come they may be cut first.
        sound.isMissing ||= rendition.before === undefined && !pictures.goesOnFor(aheadMs);
        if (sound.isMissing) return undefined;
      }
      sound.isMissing = false;
      return ahead === undefined ? undefined : { rendition, language, ahead };
    } catch (error) {
      signal.throwIfAborted();
      if (!wait.aborted && (!isSourceFault(error) || error instanceof ForbiddenSourceError)) throw error;
      this.#log.warn('the sound of the source cannot be had', { cause: (error as Error).message });
      this.#miss(sound, error);
      return undefined;
    }
  }

  #miss(sound: Followed, error: unknown): void {
    sound.isMissing = true;
    sound.isUnusable = error instanceof UnsupportedStreamError || error instanceof ForbiddenSourceError;
    sound.faults += 1;
  }

  #lookFor(sound: Followed, place: Place, onFound: (first: SegmentFacts) => void): void {
    if (this.#looks === undefined) return;
    const { abort, all } = this.#looks;
    const looking = this.#found(sound, place, abort.signal).then((ahead) => {
      if (ahead !== undefined) onFound(ahead.facts);
    });
    all.push(looking);
    sound.looking = looking;
  }

  /** @returns what it begins with; undefined: it has ended, is of later pictures, or nobody looks any more */
  async #found(sound: Followed, place: Place, signal: AbortSignal): Promise<Ahead | undefined> {
    while (!sound.isUnusable && !signal.aborted) {
      const pauseMs = Math.min(LOOK_MAX_MS, LOOK_FIRST_MS * 2 ** sound.faults);
      try {
        if (!sound.rendition.isOpen) await orUntil(this.#wake.promise, pauseMs, signal);
        const { startMs } = place() ?? {};
        sound.isOfLater = await beginsLater(sound.rendition, place, signal);
        return sound.isOfLater ? undefined : await placed(sound.rendition, startMs, signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        this.#miss(sound, error);
      }
    }
    return undefined;
  }
}

/**
 * Whether what comes first of a sound is of another clock than the pictures, and its playlist says that it is no continuation,
 * which theirs does not yet.
 */
async function beginsLater(rendition: Rendition, place: Place, signal: AbortSignal): Promise<boolean> {
  if (rendition.before !== undefined) return false;
  const ahead = await rendition.peek(signal);
  const pictures = place();
  if (pictures === undefined || pictures.isDiscontinuity) return false;
  const offMs = (ahead?.facts.startMs ?? Number.NaN) - (pictures.startMs ?? Number.NaN);
  return ahead?.facts.isDiscontinuity === true && Math.abs(offMs) > OTHER_CLOCK_MS;
}

/** @param startMs in the pictures' own time; undefined: nobody knows */
const placed = (
  rendition: Rendition,
  startMs: number | undefined,
  signal: AbortSignal,
): Promise<Ahead | undefined> =>
  startMs === undefined ? rendition.peek(signal) : rendition.startAt(startMs, signal);

/**
 * The pictures have begun anew: what is left of the sound before is passed over, where its playlist says that it comes to its
 * end, or is next to nothing.
 */
async function leaveRest(rendition: Rendition, signal: AbortSignal): Promise<void> {
  for (;;) {
    const ahead = await rendition.peek(signal);
    if (ahead?.seam.kind !== 'none') return;
    if (!(rendition.endsWithin(REST_MAX_MS) ?? ahead.facts.durationMs < TINY_MS)) return;
    await rendition.passOver();
  }
}
