import { crc32 } from 'node:zlib';

/** Of each track, as many of its latest samples are known again: half a minute and more of what servers keep. */
const KNOWN_SAMPLES = 2_048;
/** A sample's end tells it from others; its beginning is the same in many. */
const FINGERPRINT_BYTES = 1_024;
/** Between where two tracks put the same moment. */
const SAME_PLACE_MS = 100;

interface Known {
  readonly print: number;
  /** Where it lies in the recording. */
  readonly placedMs: number;
}

/**
 * What has been recorded last, to be known again: a server with a cache sends whoever comes back what it has sent before.
 * Remember each sample that is recorded; when the source has been joined again, ask `Rejoined` for each that comes.
 */
export class RecordedContent {
  readonly #tracks = new Map<number, Known[]>();

  /** @param placedMs when the sample is shown, on the recording's own timeline */
  remember(track: number, sample: Buffer, placedMs: number): void {
    const known = this.#tracks.get(track) ?? [];
    this.#tracks.set(track, known);
    known.push({ print: fingerprint(sample), placedMs });
    // Many at once: each sample costs next to nothing.
    if (known.length >= 2 * KNOWN_SAMPLES) known.splice(0, known.length - KNOWN_SAMPLES);
  }

  /** The source is joined again. */
  rejoin(): Rejoined {
    return new Rejoined(this.#tracks);
  }
}

/** What comes of a source that was joined again, as long as it may have been recorded already. */
export class Rejoined {
  readonly #known: ReadonlyMap<number, readonly Known[]>;
  /** Of each track: which sample should come next, counted in what is known; undefined: what comes is new. */
  readonly #next = new Map<number, number | undefined>();
  #shiftMs: number | undefined;

  constructor(known: ReadonlyMap<number, readonly Known[]>) {
    this.#known = new Map([...known].map(([track, samples]) => [track, [...samples]]));
  }

  /** To add to the source's times of this connection, so that they go on where they were; undefined: nobody knows. */
  get shiftMs(): number | undefined {
    return this.#shiftMs;
  }

  /** The track has been followed to the end of what is known of it: the next sample goes on without a gap. */
  isSeamless(track: number): boolean {
    const next = this.#next.get(track);
    return next !== undefined && next === this.#known.get(track)?.length;
  }

  /**
   * Whether this sample has been recorded already: it is to be left out. Ask for each sample, in the order in which they
   * come. One that looks like several others counts as new, or a picture that stands still would be a repeat.
   * @param timeMs when it is shown, on the source's own timeline
   */
  isRepeated(track: number, sample: Buffer, timeMs: number): boolean {
    const known = this.#known.get(track) ?? [];
    const print = fingerprint(sample);
    const place = this.#next.has(track) ? this.#next.get(track) : this.#find(known, print, timeMs);
    const found = place === undefined ? undefined : known[place];
    if (place === undefined || found?.print !== print) {
      // At the end of what is known it goes on; anywhere else it is something else.
      if (place !== known.length) this.#next.set(track, undefined);
      return false;
    }
    this.#shiftMs ??= found.placedMs - timeMs;
    this.#next.set(track, place + 1);
    return true;
  }

  #find(known: readonly Known[], print: number, timeMs: number): number | undefined {
    const shiftMs = this.#shiftMs;
    const places = [...known.keys()].filter((place) => known[place]?.print === print);
    const near = (place: number): boolean =>
      shiftMs === undefined || Math.abs((known[place]?.placedMs ?? 0) - timeMs - shiftMs) < SAME_PLACE_MS;
    const found = places.filter(near);
    return found.length === 1 ? found[0] : undefined;
  }
}

function fingerprint(sample: Buffer): number {
  return crc32(sample.subarray(-FINGERPRINT_BYTES)) * 2 ** 20 + (sample.length % 2 ** 20);
}
