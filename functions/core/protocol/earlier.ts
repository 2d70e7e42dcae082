import type { RecordingObjects } from '../state/fold.ts';

/** What attempts before this one recorded. */
export interface Earlier {
  /** The first part number that may be free. */
  readonly firstPart: number;
  readonly durationMs: number;
  readonly bytes: number;
}

/**
 * Part numbers, recorded time and bytes go on where earlier attempts ended. What of an attempt has not been rescued yet
 * counts as its last heartbeat says.
 */
export function recordedEarlier({ parts, attempts }: RecordingObjects): Earlier {
  let [durationMs, bytes] = [0, 0];
  for (const attempt of new Set([...parts.values()].map(({ open }) => open?.attempt))) {
    const own = [...parts.values()].filter(({ open }) => open?.attempt === attempt);
    const finals = own.flatMap(({ final }) => final ?? []);
    const progress =
      attempt === undefined || finals.length === own.length ? undefined : attempts.get(attempt)?.progress;
    const finished = {
      durationMs: finals.reduce((sum, final) => sum + final.durationMs, 0),
      bytes: finals.reduce((sum, final) => sum + final.bytes, 0),
    };
    durationMs += Math.max(finished.durationMs, progress?.durationMs ?? 0);
    bytes += Math.max(finished.bytes, progress?.bytes ?? 0);
  }
  return { firstPart: Math.max(0, ...parts.keys()) + 1, durationMs, bytes };
}
