import type { Cut } from '../media/clip/trackCut.ts';
import { alignedParts } from '../state/alignedParts.ts';
import type { PartObjects, RecordingObjects } from '../state/fold.ts';
import type { OpenPart } from '../state/partObjects.ts';

/**
 * A part on the recording's own time line: milliseconds since the first frame of its first part, what was not recorded
 * included.
 */
export interface PlacedPart {
  readonly open: OpenPart;
  readonly found: PartObjects;
  /** Where its own zero lies. */
  readonly zeroMs: number;
  /** Where it ends, or a later attempt has taken over; undefined while it is recorded. */
  readonly endMs: number | undefined;
  /** It ends where a later attempt has what follows too. */
  readonly isTakenOver: boolean;
}

/** In the order in which they follow each other; parts that hold nothing are left out. */
export function placedParts(objects: RecordingObjects): readonly PlacedPart[] {
  const found = [...alignedParts(objects).values()]
    .flatMap((part) =>
      part.open === undefined || part.final?.bytes === 0 ? [] : [{ open: part.open, found: part }],
    )
    .sort((one, other) => one.open.attempt - other.open.attempt || one.open.part - other.open.part);
  const startMs = Math.min(...found.map(({ open }) => open.startTimeMs));
  return found.flatMap(({ open, found: part }, place) => {
    const later = found.filter((one) => one.open.attempt > open.attempt).map((one) => one.open.startTimeMs);
    const takenOverMs = Math.min(...later) - startMs;
    const zeroMs = open.startTimeMs - startMs;
    const durationMs = part.moved?.durationMs ?? part.final?.durationMs;
    const ownEndMs = durationMs === undefined ? Number.POSITIVE_INFINITY : zeroMs + durationMs;
    // Of two parts of one attempt the later one begins where the earlier one ends; its sound may end a bit later.
    const next = found[place + 1]?.open.startTimeMs ?? Number.POSITIVE_INFINITY;
    const endMs = Math.min(ownEndMs, takenOverMs, next - startMs);
    if (endMs <= zeroMs) return [];
    return [
      {
        open,
        found: part,
        zeroMs,
        endMs: Number.isFinite(endMs) ? endMs : undefined,
        isTakenOver: takenOverMs < ownEndMs,
      },
    ];
  });
}

/** Wall clock of a moment of the recording's time line. */
export function startTimeOf({ open, zeroMs }: PlacedPart, momentMs: number): number {
  return Math.max(0, Math.round(open.startTimeMs - zeroMs + momentMs));
}

/** What of a part a clip has. */
export interface ClipPiece {
  readonly part: PlacedPart;
  /** In the part's own media time; infinite where the part's own beginning or end is meant. */
  readonly cut: Cut;
}

/** The pieces of a stretch of the recording's time line. */
export function piecesOf(
  parts: readonly PlacedPart[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly ClipPiece[] {
  return parts
    .filter(({ zeroMs, endMs }) => zeroMs < toMs && (endMs ?? Number.POSITIVE_INFINITY) > fromMs)
    .map((part, place, all) => {
      const { zeroMs, endMs, isTakenOver } = part;
      // Sound goes on over the border of two parts: each of its frames is in one of them.
      const isLast = place === all.length - 1;
      const ownEndMs = isTakenOver && endMs !== undefined ? endMs : Number.POSITIVE_INFINITY;
      return {
        part,
        cut: {
          fromMs: fromMs > zeroMs ? fromMs - zeroMs : Number.NEGATIVE_INFINITY,
          toMs: (isLast ? Math.min(toMs, ownEndMs) : ownEndMs) - zeroMs,
        },
      };
    });
}
