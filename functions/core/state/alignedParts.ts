import type { PartObjects, RecordingObjects } from './fold.ts';

/**
 * The parts with the times of the first attempt's clock, as far as what two attempts both recorded tells how theirs differ
 * (`overlap.json`). All parts of an attempt have one clock.
 */
export function alignedParts({ parts }: Pick<RecordingObjects, 'parts'>): ReadonlyMap<number, PartObjects> {
  const all = [...parts.values()];
  if (all.every(({ overlap }) => overlap === undefined)) return parts;
  const laterByMs = new Map<number, number>();
  const startMs = ({ open }: PartObjects): number =>
    open === undefined ? Number.NaN : open.startTimeMs + (laterByMs.get(open.attempt) ?? 0);
  // An attempt follows one with a smaller number.
  for (const part of all.toSorted((one, other) => attemptOf(one) - attemptOf(other))) {
    const { open, overlap } = part;
    const earlier = parts.get(overlap?.earlier ?? 0);
    if (open === undefined || overlap === undefined || earlier === undefined) continue;
    const movedMs = startMs(earlier) + overlap.zeroMs - open.startTimeMs;
    if (Number.isFinite(movedMs)) laterByMs.set(open.attempt, movedMs);
  }
  return new Map([...parts].map(([number, part]) => [number, moved(part, laterByMs.get(attemptOf(part)))]));
}

const attemptOf = ({ open }: PartObjects): number => open?.attempt ?? 0;

function moved(part: PartObjects, byMs: number | undefined): PartObjects {
  if (byMs === undefined) return part;
  const { open, final } = part;
  return {
    ...part,
    ...(open === undefined ? {} : { open: { ...open, startTimeMs: open.startTimeMs + byMs } }),
    ...(final === undefined
      ? {}
      : { final: { ...final, startTimeMs: final.startTimeMs + byMs, endTimeMs: final.endTimeMs + byMs } }),
  };
}
