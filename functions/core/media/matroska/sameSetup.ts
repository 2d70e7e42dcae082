import { haveSameSets } from '../nal/changedParameterSets.ts';
import type { MatroskaTrack } from './header.ts';

/** Two tracks, of two runs of ffmpeg or before and after a change, whose frames one header describes. */
export function areAlike(one: MatroskaTrack, other: MatroskaTrack): boolean {
  if (one.setup.equals(other.setup)) return true;
  // The same sets may come in another order.
  return (
    one.plainSetup.equals(other.plainSetup) &&
    one.codecPrivate !== undefined &&
    other.codecPrivate !== undefined &&
    haveSameSets(one.info.codec, one.codecPrivate, other.codecPrivate)
  );
}
