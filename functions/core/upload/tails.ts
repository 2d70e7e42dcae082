import type { SavedFacts } from '../journal/entry.ts';

/** What a tail of version 0.1 says, as user metadata, of its part up to its end; undefined for an object that no recorder wrote. */
export function decodeTailFacts(metadata: Readonly<Record<string, string>>): SavedFacts | undefined {
  const [durationMs, videoFrames, atMs] = ['duration-ms', 'video-frames', 'at-ms'].map((key) =>
    Number(metadata[key] ?? 'none'),
  );
  if (durationMs === undefined || videoFrames === undefined || atMs === undefined) return undefined;
  return [durationMs, videoFrames, atMs].every(Number.isSafeInteger)
    ? { durationMs, videoFrames, atMs }
    : undefined;
}
