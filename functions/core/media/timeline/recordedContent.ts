import { crc32 } from 'node:zlib';
import { BACK_MAX_MS } from './closeClocks.ts';
import { turnsBy } from './counterTurns.ts';
import { type Known, KnownSamples, type Run } from './knownSamples.ts';

/** A sample's end tells it from others; its beginning is the same in many. */
const FINGERPRINT_BYTES = 1_024;
/** Between where two tracks put the same moment. */
const SAME_PLACE_MS = 100;
/** No server keeps more: most have some seconds. */
const CACHE_MAX_MS = 120_000;
/** What goes on there comes no later. */
const BEHIND_MS = 1_000;
/** Less than half of any frame of sound. */
const RIGHT_THERE_MS = 10;
/** Times are counted in other units over another connection. */
const SAME_TIME_MS = 1;

/** A sample of one track. Times in ms, when it is shown. */
export interface ComingSample {
  /** A name that the track keeps over connections. */
  readonly track: string;
  readonly data: Buffer;
  /** On the source's own timeline. */
  readonly timeMs: number;
  /** It was made anew from what the source sends, and looks different each time. */
  readonly isEncoded: boolean;
}

/**
 * What has been recorded last, to be known again: a server with a cache sends whoever comes back what it has sent before.
 */
export class RecordedContent {
  readonly #tracks = new Map<string, KnownSamples>();

  /** The source is joined, for the first time or again. @param connectedAtMs the recorder's clock */
  join(connectedAtMs: number): JoinedContent {
    return new JoinedContent(this.#tracks, connectedAtMs);
  }
}

/** What comes over one connection: which of it has been recorded already, and what is recorded of it. */
export class JoinedContent {
  readonly #tracks: Map<string, KnownSamples>;
  /** What had been recorded when it began. */
  #before: ReadonlyMap<string, KnownSamples>;
  /** Tracks of which what was recorded last was encoded: it looks like nothing that comes, be that copied. */
  readonly #encodedBefore: ReadonlySet<string>;
  readonly connectedAtMs: number;
  readonly #run: Run = { zeroAtMs: undefined };
  /** Of each track: which sample should come next, counted in what is known; undefined: what comes is new. */
  readonly #next = new Map<string, number | undefined>();
  #zeroAtMs: number | undefined;
  #repeats: { readonly track: string; readonly ms: number } | undefined;
  #beginsInside: boolean = false;
  /** What comes again has the same times. */
  #hasSameTimes: boolean = false;
  /** Sound that is known by its time does, if it has the same times. */
  #soundBeginsInside: boolean = false;
  /** Of tracks that are encoded: what they have come to, on the source's own timeline. */
  readonly #reachedMs = new Map<string, number>();
  /** Tracks of which what comes has not been recorded, whatever its times say. */
  readonly #new = new Set<string>();

  constructor(tracks: Map<string, KnownSamples>, connectedAtMs: number) {
    this.#tracks = tracks;
    this.connectedAtMs = connectedAtMs;
    const before = [...tracks].map(([track, known]) => [track, known.recorded()] as const);
    this.#before = new Map(before);
    const encoded = before.filter(([, known]) => known.length > 0 && known.at(-1)?.print === undefined);
    this.#encodedBefore = new Set(encoded.map(([track]) => track));
  }

  /** What is to be added to this connection's times, so that they go on where they were; undefined: nobody knows. */
  get zeroAtMs(): number | undefined {
    return this.#zeroAtMs;
  }

  /** Something is known that could be known again: no sound that is encoded, which looks different each time. */
  get mayRepeat(): boolean {
    return [...this.#before.values()].some((known) => known.at(-1)?.print !== undefined);
  }

  /** From the first sample that has come again to the end of what is known; undefined: nothing comes again. */
  get repeatsMs(): number | undefined {
    return this.#repeats?.ms;
  }

  /**
   * What comes again began in the middle of what had come over an earlier connection, with the same times: a publisher who
   * begins the same again begins where he began. One track tells: another may have begun only then, as of a camera that was
   * switched on.
   */
  get beginsInside(): boolean {
    return this.#beginsInside || (this.#hasSameTimes && this.#soundBeginsInside);
  }

  /** All that is known has come again. */
  get isAtEnd(): boolean {
    return this.#repeats !== undefined && this.isSeamless(this.#repeats.track);
  }

  /** What comes is the same again, and is to be recorded again. */
  forget(): void {
    this.#before = new Map();
    this.#zeroAtMs = undefined;
  }

  /** The track has been followed to the end of what is known of it: the next sample goes on without a gap. */
  isSeamless(track: string): boolean {
    const next = this.#next.get(track);
    return next !== undefined && next === this.#before.get(track)?.length;
  }

  /**
   * Whether this sample has been recorded already: it is to be left out. Ask for each sample, in the order in which they
   * come. One that looks like several others is told by its time, and counts as new where that says nothing: or a picture
   * that stands still would be a repeat.
   */
  isRepeated(sample: ComingSample): boolean {
    const { track, data, timeMs } = sample;
    const known = this.#before.get(track);
    if (known === undefined || known.length === 0) return false;
    if (this.isToldByTime(sample)) {
      this.#follow(known, sample);
      return !this.isNewByNow(track) && this.isCovered(sample);
    }
    if (this.#next.has(track)) {
      const next = this.#next.get(track);
      // Something new has come, or all that is known: it goes on.
      if (next === undefined || next === known.length) return false;
    }
    const print = fingerprint(data);
    const place = this.#next.get(track) ?? this.#find(known, print, timeMs);
    const found = place === undefined ? undefined : known.at(place);
    if (place === undefined || found === undefined || found.print !== print) {
      this.#next.set(track, undefined);
      return false;
    }
    this.#zeroAtMs ??= placeOf(found) - timeMs;
    const last = known.at(-1) ?? found;
    this.#repeats ??= { track, ms: placeOf(last) - placeOf(found) };
    if (!this.#next.has(track)) {
      const hasSameTimes = hasTime(found, timeMs);
      this.#hasSameTimes ||= hasSameTimes;
      this.#beginsInside ||= isWithin(known, place, found) && hasSameTimes;
    }
    this.#next.set(track, place + 1);
    return true;
  }

  /** The sample is recorded. @param placedMs when it is shown, on this connection's mended timeline */
  remember({ track, data, timeMs, isEncoded }: ComingSample, placedMs: number): void {
    let known = this.#tracks.get(track);
    if (known === undefined) {
      known = new KnownSamples();
      this.#tracks.set(track, known);
    }
    known.push({ print: isEncoded ? undefined : fingerprint(data), run: this.#run, timeMs, placedMs });
  }

  /** Where the recording has this connection's time zero. */
  settle(zeroAtMs: number): void {
    this.#run.zeroAtMs = zeroAtMs;
  }

  /** Its time alone tells whether the sample has been recorded: it is encoded, or what was recorded of its track is. */
  isToldByTime({ track, isEncoded }: Pick<ComingSample, 'track' | 'isEncoded'>): boolean {
    return isEncoded || this.#encodedBefore.has(track);
  }

  /**
   * The times of what comes of a track tell no repeat any more: it has gone on behind what is known, or back within this
   * connection, to another publisher's.
   */
  isNewByNow(track: string): boolean {
    return this.#new.has(track);
  }

  #follow(known: KnownSamples, { track, timeMs }: ComingSample): void {
    const reachedMs = this.#reachedMs.get(track);
    if (reachedMs === undefined) this.#soundBeginsInside ||= isInside(known, timeMs);
    else if (timeMs < reachedMs - BACK_MAX_MS) this.#new.add(track);
    this.#reachedMs.set(track, timeMs);
    const aheadMs = this.#aheadMs(track, timeMs) ?? 0;
    // Not what is stamped far away: one alone may be a stray.
    if (aheadMs > 0 && aheadMs < BEHIND_MS) this.#new.add(track);
  }

  /**
   * What is encoded is known again by its time alone, once others have told where that belongs. It has a pipe of its own, in
   * which ffmpeg may not have counted a turn that it has counted for them, or the other way round.
   */
  isCovered({ track, timeMs }: ComingSample): boolean {
    const aheadMs = this.#aheadMs(track, timeMs);
    // What is further back is behind a jump of the source's clock.
    return aheadMs !== undefined && aheadMs <= 0 && aheadMs > -CACHE_MAX_MS;
  }

  /** Of the last sample that is known; undefined where nothing has told yet where this one belongs. */
  #aheadMs(track: string, timeMs: number): number | undefined {
    const last = this.#before.get(track)?.at(-1);
    if (last === undefined || this.#zeroAtMs === undefined) return undefined;
    const aheadMs = this.#zeroAtMs + timeMs - placeOf(last);
    const turnedMs = turnsBy(-aheadMs).map((ms) => aheadMs + ms);
    return turnedMs.reduce((one, other) => (Math.abs(other) < Math.abs(one) ? other : one), aheadMs);
  }

  #find(known: KnownSamples, print: number, timeMs: number): number | undefined {
    const zeroAtMs = this.#zeroAtMs;
    const alike = known.alike(print);
    const within = (ms: number, offMs: (one: Known) => number): number[] =>
      alike.filter((place) => Math.abs(offMs(known.at(place) as Known)) < ms);
    const off = (one: Known): number => one.timeMs - timeMs;
    // ffmpeg may have added turns of the counter to the times of one connection, and not of the other.
    const mendedOff = (one: Known): number => one.placedMs - timeMs;
    const isMended = zeroAtMs === undefined && within(SAME_TIME_MS, off).length === 0;
    const placeOff = (one: Known): number => placeOf(one) - timeMs - (zeroAtMs ?? 0);
    const offMs = zeroAtMs !== undefined ? placeOff : isMended ? mendedOff : off;
    const near = within(zeroAtMs === undefined ? SAME_TIME_MS : SAME_PLACE_MS, offMs);
    // Silence looks alike: of several frames it is the one that is right there.
    const [only, other] = near.length > 1 ? within(RIGHT_THERE_MS, offMs) : near;
    if (only !== undefined && other === undefined) return only;
    return zeroAtMs === undefined && alike.length === 1 ? alike[0] : undefined;
  }
}

/** It is not the first one of its connection. */
const isWithin = (known: KnownSamples, place: number, { run }: Known): boolean =>
  place > 0 && known.at(place - 1)?.run === run;

/** Its publisher had sent more of the track before, over the same connection. */
function isInside(known: KnownSamples, timeMs: number): boolean {
  if (timeMs > (known.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY)) return false;
  let next: Known | undefined;
  for (let place = known.length - 1; place >= 0; place--) {
    const one = known.at(place);
    if (one === undefined || (next === undefined && one.timeMs > timeMs)) continue;
    if (next !== undefined && (one.run !== next.run || one.timeMs > next.timeMs)) return false;
    // An encoder's frames lie elsewhere over each connection.
    if (one.timeMs < timeMs - SAME_PLACE_MS) return true;
    next = one;
  }
  return false;
}

/** The sample had this time, as it came or as it was mended. */
const hasTime = (one: Known, timeMs: number): boolean =>
  Math.min(Math.abs(one.timeMs - timeMs), Math.abs(one.placedMs - timeMs)) < SAME_TIME_MS;

const placeOf = ({ run, placedMs }: Known): number => (run.zeroAtMs ?? 0) + placedMs;

function fingerprint(sample: Buffer): number {
  return crc32(sample.subarray(-FINGERPRINT_BYTES)) * 2 ** 20 + (sample.length % 2 ** 20);
}
