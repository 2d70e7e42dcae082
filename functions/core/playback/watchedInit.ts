import type { FragmentIndex } from '../media/fragmentIndex/types.ts';
import { boxesIn, needBox } from '../media/mp4/boxes.ts';
import { type InitSegment, parseInitSegment } from '../media/mp4/initSegment.ts';
import { fragmentedHead } from '../media/mp4/movie.ts';

/** The init segment of a part as its fragments were written. @throws MediaError */
export function initOf({ init }: Pick<FragmentIndex, 'init'>): InitSegment {
  const boxes = boxesIn(init);
  return parseInitSegment(needBox(boxes, 'ftyp').bytes, needBox(boxes, 'moov').bytes);
}

/**
 * What a player is given before the fragments: the tracks that it gets, and no other, each with one edit, which is never
 * an empty one. @throws MediaError
 */
export function watchedInit(index: Pick<FragmentIndex, 'init' | 'tracks'>): Buffer {
  const init = initOf(index);
  const watched = new Map(index.tracks.filter(({ isWatched }) => isWatched).map((one) => [one.id, one]));
  const tracks = init.tracks.filter(({ id }) => watched.has(id));
  return fragmentedHead({ ...init, tracks }, ({ id }) => [
    { seconds: 0, mediaTime: watched.get(id)?.zeroTime ?? 0 },
  ]);
}
