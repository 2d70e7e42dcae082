import { NO_PICTURES } from '../../functions/core/settings/pictures.ts';
import { DEFAULT_SETTINGS, type RecordingSettings } from '../../functions/core/settings/settings.ts';
import { DEFAULT_SOURCE_RULES, type SourceRules } from '../../functions/core/source/sourceRules.ts';
import { newRecordingId } from '../../functions/core/state/ids.ts';
import type { Job } from '../../functions/core/state/objects.ts';

/** Sources of tests and benches are on this machine. */
export const LOOPBACK_SOURCES: SourceRules = { ...DEFAULT_SOURCE_RULES, privateNetworks: ['127.0.0.0/8'] };

const LONG_AGO_MS = 60_000;

/**
 * The job of a recording that a bench makes itself: without pictures, which their own tests ask for, and of a source that
 * ends when it has sent all: nobody waits for it to come back.
 * @param count tells its ids from those of the bench's others
 */
export function benchJob(count: number, url: string, settings: Partial<RecordingSettings> = {}): Job {
  // An id takes five bits of each byte.
  const random = Uint8Array.from({ length: 16 }, (_, i) => (i < 4 ? (count >> (15 - 5 * i)) & 31 : 0));
  const nowMs = Date.now();
  return {
    recordingId: newRecordingId(nowMs, random),
    mediaSessionId: `m${count}`,
    // What its server does not know by now is not waited for.
    requestedAtMs: nowMs - LONG_AGO_MS,
    requestId: 'bench',
    source: { url },
    stream: { name: `stream${count}` },
    settings: {
      ...DEFAULT_SETTINGS,
      pictures: NO_PICTURES,
      sources: LOOPBACK_SOURCES,
      reconnectWindowMs: 0,
      ...settings,
    },
  };
}
