/** Saved bytes of a file, from an offset on. */
export interface SavedRange {
  readonly offset: number;
  readonly bytes: number;
}

/** A saved range, and how many of its bytes to leave out: they are in an S3 part, or in the range before. */
export interface Continuation<T> {
  readonly range: T;
  readonly skipBytes: number;
}

/**
 * Which saved ranges continue a file of `prefixBytes` bytes, in order, without overlap, up to the first gap.
 * @param saved in any order
 */
export function continuation<T extends SavedRange>(
  prefixBytes: number,
  saved: readonly T[],
): Continuation<T>[] {
  // Of two that begin alike the longer one first: it leaves nothing for the other.
  const ordered = saved.toSorted((a, b) => a.offset - b.offset || b.bytes - a.bytes);
  const found: Continuation<T>[] = [];
  let end = prefixBytes;
  for (const range of ordered) {
    if (range.offset > end) break;
    const skipBytes = end - range.offset;
    if (skipBytes >= range.bytes) continue;
    found.push({ range, skipBytes });
    end = range.offset + range.bytes;
  }
  return found;
}
