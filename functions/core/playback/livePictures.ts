import { type SizedSample, zeroOfLaterMs } from '../media/clip/sameSamples.ts';
import { ifReadable } from '../media/ifReadable.ts';
import { boxesIn } from '../media/mp4/boxes.ts';
import { parseMovieFragment } from '../media/mp4/movieFragment.ts';
import type { LiveItem, LocatedItem } from './liveItems.ts';
import { initOf } from './watchedInit.ts';

/** A segment with its pictures, in the order in which they are decoded, by its attempt's clock. */
export interface PicturedItem {
  readonly item: LiveItem;
  readonly pictures: readonly SizedSample[];
}

/** Of all places where two attempts may have the same, the first and the last: they are one where there is no doubt. */
const FAR_MS = 1e12;
/** Times of parts are rounded. */
const ROUNDED_MS = 1;

/** The pictures that a segment's fragments tell of; none where it has none, or its part has no init segment. */
export function picturesOf(bytes: Buffer, { part }: LocatedItem): SizedSample[] {
  const { init, startTimeMs } = part;
  if (init === undefined) return [];
  return ifReadable(() => picturesIn(bytes, Buffer.from(init, 'base64'), startTimeMs)) ?? [];
}

/** @throws MediaError */
function picturesIn(bytes: Buffer, head: Buffer, zeroAtMs: number): SizedSample[] {
  const init = initOf({ init: head });
  const track = init.tracks.find(({ info }) => info.kind === 'video');
  if (track === undefined) return [];
  const { timescale, shiftSeconds } = track;
  return boxesIn(bytes)
    .filter(({ type }) => type === 'moof')
    .flatMap((moof) => parseMovieFragment(moof.bytes, init))
    .filter((fragment) => fragment.track === track)
    .flatMap(({ decodeTime, runs }) => {
      let time = decodeTime;
      return runs
        .flatMap(({ samples }) => samples)
        .map(({ bytes: size, sync, duration, compositionOffset }) => {
          const seconds = (time + compositionOffset) / timescale + shiftSeconds;
          time += duration;
          return { bytes: size, sync, startMs: zeroAtMs + 1000 * seconds };
        });
    });
}

/**
 * The segment with which a later attempt goes on where an earlier one ends, told by the sizes of the pictures that both
 * have (../media/clip/sameSamples.ts), and by no clock.
 * @param earlier pictures up to its end
 * @param later its first segments
 * @returns the last one that begins with a keyframe and leaves out no picture; `awaited` while the later attempt has none
 * that the earlier one has not; undefined where sizes do not tell
 */
export function goesOnWith(
  earlier: readonly SizedSample[],
  later: readonly PicturedItem[],
): LiveItem | 'awaited' | undefined {
  const own = later.flatMap(({ pictures }) => pictures);
  const zeroMs = zeroOfLaterMs(earlier, own, -FAR_MS);
  // Pictures that stay the same may be those of another time.
  if (zeroMs === undefined || zeroMs !== zeroOfLaterMs(earlier, own, FAR_MS)) return undefined;
  const lastMs = Math.max(...earlier.map(({ startMs }) => startMs)) - zeroMs;
  const added = own.filter(({ startMs }) => startMs > lastMs + ROUNDED_MS);
  if (added.length === 0) return 'awaited';
  const goesOnAtMs = Math.min(...added.map(({ startMs }) => startMs));
  return later.findLast(
    ({ item, pictures: [first] }) => item.keyframe && first?.sync === true && first.startMs <= goesOnAtMs,
  )?.item;
}
