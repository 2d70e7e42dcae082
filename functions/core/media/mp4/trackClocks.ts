import { ifReadable } from '../ifReadable.ts';
import { BOX_HEADER_MAX_BYTES, type Box, boxesIn, FieldReader, findBox, readBoxHeader } from './boxes.ts';
import { type DeclaredTrack, declaredTracks, OTHER_CLOCK_MS } from './opening.ts';

/** Counters of 32 bits turn round, each by its own timescale; of more turns nobody has heard. */
const TURN = 2 ** 32;
const TURNS_MAX = 8;
/** How far apart tracks begin that begin together. */
const TOGETHER_MS = 2_000;
/** A longer box is passed on as it is. */
const HELD_MAX_BYTES = 4 * 1024 * 1024;

interface Place {
  /** By the track's own clock, as it is told. */
  readonly ms: number;
  /** What is added to its times, in its units. */
  readonly shift: number;
}

/**
 * Puts the tracks of fragmented MP4 on one clock, where they are on clocks that are far apart: packagers count in 32 bits,
 * which turn round after half a day for pictures and after a day for sound. A demuxer gives all pictures of a fragment before
 * its sound, so that nobody can tell any more which belong together.
 */
export class TrackClocks {
  #declared: ReadonlyMap<number, DeclaredTrack> = new Map();
  readonly #places = new Map<number, Place>();
  /** Of a box that is held until it is whole. */
  #held: Buffer = Buffer.alloc(0);
  /** Of a box that is passed on. */
  #left = 0;

  /** The next segment begins, with whole boxes. */
  beginSegment(): void {
    this.#held = Buffer.alloc(0);
    this.#left = 0;
  }

  /** Takes any chunk. @returns what is known of it, times mended in whole boxes that say them */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = Math.min(this.#left, bytes.length);
    this.#left -= at;
    while (at < bytes.length && this.#left === 0) {
      const header = ifReadable(() => readBoxHeader(bytes.subarray(at, at + BOX_HEADER_MAX_BYTES)));
      const end = at + (header?.bytes ?? 0);
      const isRead = header?.type === 'moov' || header?.type === 'moof';
      const isPart = header === undefined || (isRead && end > bytes.length);
      if (isPart && bytes.length - at < BOX_HEADER_MAX_BYTES + (header === undefined ? 0 : HELD_MAX_BYTES))
        break;
      if (isRead && !isPart) this.#read(bytes.subarray(at, end), header.headerBytes);
      this.#left = Math.max(0, end - bytes.length);
      // What is no box is passed on, up to its end.
      at = isPart && header === undefined ? bytes.length : Math.min(end, bytes.length);
    }
    this.#held = Buffer.from(bytes.subarray(at));
    return bytes.subarray(0, at);
  }

  /** Nothing more of the segment comes. */
  endSegment(): Buffer {
    const rest = this.#held;
    this.beginSegment();
    return rest;
  }

  #read(box: Buffer, headerBytes: number): void {
    ifReadable(() => {
      if (box.toString('latin1', 4, 8) === 'moov') this.#declared = declaredTracks(box);
      else for (const traf of boxesIn(box.subarray(headerBytes))) if (traf.type === 'traf') this.#mend(traf);
    });
  }

  #mend(traf: Box): void {
    const inside = boxesIn(traf.body);
    const [tfhd, tfdt] = [findBox(inside, 'tfhd'), findBox(inside, 'tfdt')];
    if (tfhd === undefined || tfdt === undefined) return;
    const id = new FieldReader(tfhd.body, 4).u32();
    const { timescale = 0 } = this.#declared.get(id) ?? {};
    const isLong = tfdt.body[0] === 1;
    const time = new FieldReader(tfdt.body, 4);
    const units = isLong ? time.u64() : time.u32();
    if (timescale === 0) return;
    const most = isLong ? Number.MAX_SAFE_INTEGER : TURN;
    const shift = this.#shiftOf(id, units, timescale, most);
    const mended = Math.max(0, units + shift);
    this.#places.set(id, { ms: (mended * 1_000) / timescale, shift });
    if (shift === 0) return;
    if (isLong) tfdt.body.writeBigUInt64BE(BigInt(mended), 4);
    else tfdt.body.writeUInt32BE(mended, 4);
  }

  /** @param most that can be said */
  #shiftOf(id: number, units: number, timescale: number, most: number): number {
    const own = this.#places.get(id);
    if (own === undefined) return this.#firstShift(units, timescale, most);
    const { ms, shift } = own;
    const turned = units + shift + TURN;
    const hasTurned = Math.abs((turned * 1_000) / timescale - ms) < OTHER_CLOCK_MS;
    if (hasTurned && turned < most) return shift + TURN;
    return units + shift < most ? shift : 0;
  }

  /** For a track that begins, given those that have. */
  #firstShift(units: number, timescale: number, most: number): number {
    const [other] = [...this.#places].map(([id, { ms }]) => ({
      ms,
      timescale: this.#declared.get(id)?.timescale ?? 1,
    }));
    const ownMs = (units * 1_000) / timescale;
    if (other === undefined || Math.abs(ownMs - other.ms) <= OTHER_CLOCK_MS) return 0;
    const apartMs = turnedApartMs(ownMs, timescale, other) ?? 0;
    const wanted = Math.round(((other.ms + apartMs) * timescale) / 1_000);
    return wanted < most ? wanted - units : 0;
  }
}

/** How far a track is behind another when turns of both counters are counted; undefined: it is no matter of turns. */
function turnedApartMs(
  ms: number,
  timescale: number,
  other: { readonly ms: number; readonly timescale: number },
): number | undefined {
  for (let own = 0; own <= TURNS_MAX; own++)
    for (let others = 0; others <= TURNS_MAX; others++) {
      const apartMs =
        ms + (own * TURN * 1_000) / timescale - other.ms - (others * TURN * 1_000) / other.timescale;
      if (Math.abs(apartMs) < TOGETHER_MS) return apartMs;
    }
  return undefined;
}
