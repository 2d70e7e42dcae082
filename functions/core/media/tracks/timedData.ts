import { DATA_TIME_MODULUS } from '../nut/dataTimes.ts';
import type { Packet } from './packet.ts';

const TICKS_PER_MS = 90;
const PERIOD_MS = DATA_TIME_MODULUS / TICKS_PER_MS;
/** A source's clock may jump, and jump back. */
const SHIFTS_KEPT = 8;
/** Clocks that differ by less are one: times are rounded. */
const SAME_SHIFT_MS = 5;
/** What is stamped so far ahead that its time does not come is written nevertheless. */
const HELD_MAX_MS = 10_000;
/** Of what waits for its time, or for pictures to come. */
const HELD_MAX_BYTES = 1024 * 1024;

/** Timed metadata and subtitles, by ffprobe's names: splice commands, tags, key-length-values. */
export type DataCodec = 'scte_35' | 'timed_id3' | 'klv' | 'dvb_subtitle' | 'dvb_teletext';

/** What ffmpeg was told to write as one stream of data. */
export interface DataSource {
  readonly codec: DataCodec;
  /** As the source has it; of several pages each, separated by commas. */
  readonly language?: string;
  /** Of subtitles: which pages they are. */
  readonly configuration?: Buffer;
}

export interface DataItem {
  /** Place of its source among all of them. */
  readonly source: number;
  /** On the recording's timeline. */
  readonly atMs: number;
  /** From the source's own clock to that. */
  readonly shiftMs: number;
  readonly data: Buffer;
}

/** What comes between the samples of a fragment. */
export interface FragmentData {
  readonly sources: readonly DataSource[];
  readonly items: readonly DataItem[];
}

export const NO_DATA: FragmentData = { sources: [], items: [] };

interface Held {
  readonly source: number;
  /** Modulo `PERIOD_MS`; NaN: the source says none. */
  readonly sentMs: number;
  readonly arrivedAtMs: number;
  readonly data: Buffer;
}

/** From one clock of the source to the recording's, and the last time by which it was seen. */
interface Shift {
  readonly ms: number;
  readonly sentMs: number;
}

/**
 * Timed metadata of a source between its pictures. They have no clock of their own: each belongs where pictures of its time
 * are, wherever those have been placed.
 */
export class TimedData {
  #sources: readonly DataSource[];
  #isDescribed: boolean = false;
  #held: Held[] = [];
  #heldBytes = 0;
  /** The latest first. */
  #shifts: readonly Shift[] = [];

  constructor(sources: readonly DataSource[]) {
    this.#sources = sources;
  }

  /** What ffmpeg says of each source before the first packet of any; undefined: it has not said it yet. */
  describe(configurationOf: (source: number) => Buffer | undefined): void {
    if (this.#isDescribed) return;
    const said = this.#sources.map((_, place) => configurationOf(place));
    if (said.some((one) => one === undefined)) return;
    this.#isDescribed = true;
    this.#sources = this.#sources.map((source, place) =>
      said[place]?.length === 0 ? source : { ...source, configuration: said[place] as Buffer },
    );
  }

  /** @param source its place among all of them */
  push(source: number, { dts, data }: Pick<Packet, 'dts' | 'data'>, nowMs: number): void {
    this.#held.push({ source, sentMs: dts / TICKS_PER_MS, arrivedAtMs: nowMs, data: Buffer.from(data) });
    this.#heldBytes += data.length;
    // Without pictures there is nothing to which they could belong.
    while (this.#heldBytes > HELD_MAX_BYTES && this.#shifts.length === 0)
      this.#heldBytes -= this.#held.shift()?.data.length ?? this.#heldBytes;
  }

  /** A picture, or sound where there are none: when it was sent for, and where it is. */
  see(sentMs: number, placedMs: number): void {
    const ms = placedMs - sentMs;
    const others = this.#shifts.filter((shift) => Math.abs(shift.ms - ms) >= SAME_SHIFT_MS);
    this.#shifts = [{ ms, sentMs }, ...others.slice(0, SHIFTS_KEPT - 1)];
  }

  /** What belongs before this, in the order in which it came. */
  take(untilMs: number, nowMs: number): FragmentData {
    return { sources: this.#sources, items: this.#due(untilMs, nowMs) };
  }

  #due(untilMs: number, nowMs: number): DataItem[] {
    if (this.#held.length === 0 || this.#shifts.length === 0) return [];
    const isFull = this.#heldBytes > HELD_MAX_BYTES;
    const taken: DataItem[] = [];
    this.#held = this.#held.filter((held) => {
      const { source, data, arrivedAtMs } = held;
      const { atMs, shiftMs } = this.#placed(held);
      if (atMs >= untilMs && !isFull && nowMs - arrivedAtMs < HELD_MAX_MS) return true;
      taken.push({ source, data, shiftMs, atMs: Math.min(atMs, untilMs) });
      this.#heldBytes -= data.length;
      return false;
    });
    return taken;
  }

  #placed({ sentMs }: Held): Pick<DataItem, 'atMs' | 'shiftMs'> {
    const [latest = { ms: 0, sentMs: 0 }] = this.#shifts;
    if (Number.isNaN(sentMs)) return { atMs: latest.sentMs + latest.ms, shiftMs: latest.ms };
    const awayMs = (shift: Shift): number => Math.abs(nearTo(shift.sentMs, sentMs) - shift.sentMs);
    const nearest = this.#shifts.reduce((best, one) => (awayMs(one) < awayMs(best) ? one : best), latest);
    return { atMs: nearTo(nearest.sentMs, sentMs) + nearest.ms, shiftMs: nearest.ms };
  }
}

/** A time that begins again, as it is nearest to another. */
const nearTo = (ms: number, time: number): number => time + Math.round((ms - time) / PERIOD_MS) * PERIOD_MS;
