import { type SizedSample, zeroOfLaterMs } from '../media/clip/sameSamples.ts';
import { ifReadable } from '../media/ifReadable.ts';
import { boxesIn } from '../media/mp4/boxes.ts';
import type { InitSegment, Track } from '../media/mp4/initSegment.ts';
import { parseMovieFragment } from '../media/mp4/movieFragment.ts';
import { cutItem, type LiveItem, type LocatedItem } from './liveItems.ts';
import { initOf } from './watchedInit.ts';

/** Of a segment: a fragment with pictures, and what of others lies before it. */
export interface PicturedFragment {
  /** Before it in the segment. */
  readonly bytesBefore: number;
  /** When it begins, in the part's media time. */
  readonly startMs: number;
  /** In the order in which they are decoded, by the attempt's clock. */
  readonly pictures: readonly SizedSample[];
}

/** A segment with its pictures. */
export interface PicturedItem {
  readonly item: LiveItem;
  readonly fragments: readonly PicturedFragment[];
}

/** Of all places where two attempts may have the same, the first and the last: they are one where there is no doubt. */
const FAR_MS = 1e12;
/** Times of parts are rounded. */
const ROUNDED_MS = 1;

/** What a segment's fragments tell of pictures; nothing where it has none, or its part has no init segment. */
export function picturedFragments(bytes: Buffer, { part }: LocatedItem): PicturedFragment[] {
  const { init, startTimeMs } = part;
  if (init === undefined) return [];
  return ifReadable(() => fragmentsIn(bytes, Buffer.from(init, 'base64'), startTimeMs)) ?? [];
}

/** @throws MediaError */
function fragmentsIn(bytes: Buffer, head: Buffer, zeroAtMs: number): PicturedFragment[] {
  const init = initOf({ init: head });
  const track = init.tracks.find(({ info }) => info.kind === 'video');
  if (track === undefined) return [];
  const found: PicturedFragment[] = [];
  let bytesBefore = 0;
  let pictures: SizedSample[] = [];
  for (const { type, bytes: box, offset } of boxesIn(bytes)) {
    if (type === 'moof') pictures.push(...picturesOf(box, init, track, zeroAtMs));
    if (type !== 'mdat' || pictures.length === 0) continue;
    const startMs = Math.min(...pictures.map((one) => one.startMs)) - zeroAtMs;
    found.push({ bytesBefore, startMs, pictures });
    bytesBefore = offset + box.length;
    pictures = [];
  }
  return found;
}

function picturesOf(moof: Buffer, init: InitSegment, track: Track, zeroAtMs: number): SizedSample[] {
  const { timescale, shiftSeconds } = track;
  return parseMovieFragment(moof, init)
    .filter((fragment) => fragment.track === track)
    .flatMap(({ decodeTime, runs }) => {
      let time = decodeTime;
      return runs
        .flatMap(({ samples }) => samples)
        .map(({ bytes, sync, duration, compositionOffset }) => {
          const seconds = (time + compositionOffset) / timescale + shiftSeconds;
          time += duration;
          return { bytes, sync, startMs: zeroAtMs + 1000 * seconds };
        });
    });
}

/**
 * The segment with which a later attempt goes on where an earlier one ends, told by the sizes of the pictures that both
 * have (../media/clip/sameSamples.ts), and by no clock.
 * @param earlier pictures up to its end
 * @param later its first segments
 * @returns from the last keyframe on with which no picture is left out: a segment, or its end from that fragment on; `awaited`
 * while the later attempt has none that the earlier one has not; undefined where sizes do not tell
 */
export function goesOnWith(
  earlier: readonly SizedSample[],
  later: readonly PicturedItem[],
): LiveItem | 'awaited' | undefined {
  const own = later.flatMap(({ fragments }) => fragments.flatMap(({ pictures }) => pictures));
  const zeroMs = zeroOfLaterMs(earlier, own, -FAR_MS);
  // Pictures that stay the same may be those of another time.
  if (zeroMs === undefined || zeroMs !== zeroOfLaterMs(earlier, own, FAR_MS)) return undefined;
  const lastMs = Math.max(...earlier.map(({ startMs }) => startMs)) - zeroMs;
  const added = own.filter(({ startMs }) => startMs > lastMs + ROUNDED_MS);
  if (added.length === 0) return 'awaited';
  const goesOnAtMs = Math.min(...added.map(({ startMs }) => startMs));
  const begins = ({ pictures: [first] }: PicturedFragment): boolean =>
    first?.sync === true && first.startMs <= goesOnAtMs;
  const next = later.findLast(({ fragments }) => fragments.some(begins));
  const fragment = next?.fragments.findLast(begins);
  if (next === undefined || fragment === undefined) return undefined;
  const { bytesBefore, startMs } = fragment;
  // What lies before the first one belongs to it.
  return fragment === next.fragments[0] ? next.item : cutItem(next.item, bytesBefore, startMs);
}
