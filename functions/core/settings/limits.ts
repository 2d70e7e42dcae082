import * as z from 'zod/mini';
import { RecorderError } from '../api/errors.ts';
import type { RecordingSettings } from './settings.ts';

const DAY_MS = 24 * 3_600_000;

/** What a deployment's callers can spend at most. It is always bounded: what nobody stops runs, and costs, for ever. */
export const recordingLimitsSchema = z.strictObject({
  /** Recordings that go on at once. Starts that come in the same few seconds may pass it by as many. */
  maxConcurrentRecordings: z._default(z.int().check(z.positive()), 1_000),
  /** How long a recording may be, and is where its start does not say it. */
  maxDurationMs: z._default(z.int().check(z.positive()), 30 * DAY_MS),
});
export type RecordingLimits = z.infer<typeof recordingLimitsSchema>;
/** What a deployer writes: any of the limits. */
export type RecordingLimitsInput = z.input<typeof recordingLimitsSchema>;

/** Settings with an end: that of the deployment where there is none. */
export function bounded(
  settings: RecordingSettings,
  { maxDurationMs }: Pick<RecordingLimits, 'maxDurationMs'>,
): RecordingSettings {
  return settings.maxDurationMs === undefined ? { ...settings, maxDurationMs } : settings;
}

/** @throws RecorderError invalid_request on `maxDurationMs` for settings beyond what the deployment allows */
export function checkDuration(
  settings: { readonly maxDurationMs?: number | undefined },
  { maxDurationMs }: Pick<RecordingLimits, 'maxDurationMs'>,
): void {
  if (settings.maxDurationMs === undefined || settings.maxDurationMs <= maxDurationMs) return;
  throw new RecorderError(
    'invalid_request',
    `maxDurationMs must be at most ${maxDurationMs / 1000} seconds, the limit of this deployment.`,
    { field: 'maxDurationMs' },
  );
}
