import { parseTailKey } from '../state/keys.ts';

/** What a tail says of the part up to its end, as user metadata: a rescuer cannot read it out of the bytes alone. */
export interface TailFacts {
  /** Shown time of the part so far, in milliseconds. */
  readonly durationMs: number;
  readonly videoFrames: number;
  /** The recorder's clock, in epoch milliseconds. */
  readonly atMs: number;
}

export function encodeTailFacts({ durationMs, videoFrames, atMs }: TailFacts): Record<string, string> {
  return {
    'duration-ms': String(Math.round(durationMs)),
    'video-frames': String(videoFrames),
    'at-ms': String(atMs),
  };
}

/** Undefined for an object that no recorder wrote. */
export function decodeTailFacts(metadata: Readonly<Record<string, string>>): TailFacts | undefined {
  const [durationMs, videoFrames, atMs] = ['duration-ms', 'video-frames', 'at-ms'].map((key) =>
    Number(metadata[key] ?? 'none'),
  );
  if (durationMs === undefined || videoFrames === undefined || atMs === undefined) return undefined;
  return [durationMs, videoFrames, atMs].every(Number.isSafeInteger)
    ? { durationMs, videoFrames, atMs }
    : undefined;
}

/** A piece of a tail that continues the uploaded S3 parts. */
export interface TailPiece {
  readonly key: string;
  /** Bytes of the object to leave out: they are in an S3 part, or in the piece before. */
  readonly skipBytes: number;
  readonly bytes: number;
}

/**
 * Which tails continue a file of `prefixBytes` bytes, in order, without overlap, up to the first gap.
 * @param keys of the part's tails, in any order
 */
export function continueWithTails(prefixBytes: number, keys: readonly string[]): TailPiece[] {
  const tails = keys
    .map((key) => ({ key, tail: parseTailKey(key) }))
    .flatMap(({ key, tail }) => (tail === undefined ? [] : [{ key, ...tail }]))
    // Of two that begin alike the longer one first: it leaves nothing for the other.
    .sort((a, b) => a.offset - b.offset || b.bytes - a.bytes);
  const pieces: TailPiece[] = [];
  let end = prefixBytes;
  for (const { key, offset, bytes } of tails) {
    if (offset > end) break;
    const skipBytes = end - offset;
    if (skipBytes >= bytes) continue;
    pieces.push({ key, skipBytes, bytes: bytes - skipBytes });
    end = offset + bytes;
  }
  return pieces;
}
