import { GAP_MIN_MS } from '../journal/liveNumbering.ts';
import type { FragmentSpan } from '../media/fragmentIndex/types.ts';

/** A piece of a record that a player asks for at once. */
export interface Segment {
  readonly fromByte: number;
  /** Up to, not with. */
  readonly endByte: number;
  /** In the part's media time. */
  readonly startMs: number;
  readonly endMs: number;
  /** It begins with a keyframe. */
  readonly isIndependent: boolean;
  /** Nothing is shown between the one before and this one, for longer than a player passes over. */
  readonly hasGapBefore: boolean;
}

/** Cut at the first keyframe after so long. */
const SEGMENT_MS = 6_000;
/** Of a source whose keyframes are a bit less than that apart. */
const SEGMENT_MIN_MS = 0.9 * SEGMENT_MS;
/** Without a keyframe it is cut at a fragment. */
const SEGMENT_MAX_MS = 2 * SEGMENT_MS;

/**
 * The segments of a part, in order. What a player does not get is in none: tracks besides the first of their kind, and
 * sound without its pictures.
 * @param untilMs a later part has what begins from here on, in the part's media time
 */
export function segmentsOf(fragments: Iterable<FragmentSpan>, untilMs = Number.POSITIVE_INFINITY): Segment[] {
  const segments: Segment[] = [];
  let open: Open | undefined;
  let before: FragmentSpan | undefined;
  for (const fragment of fragments) {
    if (fragment.startMs >= untilMs) break;
    if (fragment.watchedBytes === 0) continue;
    const hasGap = before !== undefined && fragment.startMs - before.endMs > GAP_MIN_MS;
    if (open === undefined || before === undefined || hasGap || endsBefore(open, before, fragment)) {
      // It is shown until the next one is.
      if (open !== undefined) segments.push(closed(open, hasGap ? open.endMs : fragment.startMs));
      open = { first: fragment, endByte: 0, endMs: 0, hasGapBefore: hasGap };
    }
    open.endByte = fragment.offset + fragment.watchedBytes;
    open.endMs = Math.max(open.endMs, fragment.endMs);
    before = fragment;
  }
  if (open !== undefined) segments.push(closed(open, open.endMs));
  return segments;
}

interface Open {
  readonly first: FragmentSpan;
  endByte: number;
  endMs: number;
  readonly hasGapBefore: boolean;
}

function endsBefore({ first }: Open, before: FragmentSpan, next: FragmentSpan): boolean {
  // Bytes of another track lie between.
  if (before.offset + before.watchedBytes !== next.offset) return true;
  const lastsMs = next.startMs - first.startMs;
  return lastsMs >= (next.keyframe ? SEGMENT_MIN_MS : SEGMENT_MAX_MS);
}

function closed({ first, endByte, hasGapBefore }: Open, endMs: number): Segment {
  return {
    fromByte: first.offset,
    endByte,
    startMs: first.startMs,
    endMs: Math.max(endMs, first.startMs + 1),
    isIndependent: first.keyframe,
    hasGapBefore,
  };
}
