import type { Launched } from '../protocol/launchAsked.ts';
import type { EndCode, Job, Outcome } from '../state/objects.ts';
import type { FinalPart, OpenPart } from '../state/partObjects.ts';
import type { Metric } from './embeddedMetrics.ts';

/** The dimension of what is told of recordings, whoever tells it. */
export const RECORDING_SOURCE = 'recording';

/** What of recordings is measured; alarms and dashboard read it. */
export const RECORDING_METRICS = {
  started: 'recording.started',
  startLatencyMs: 'recording.startLatencyMs',
  finished: 'recording.finished',
  failed: 'recording.failed',
  /** Those of them that no source and no caller is the cause of: somebody has to look. */
  recorderFailed: 'recording.recorderFailed',
  recoveredParts: 'recording.recoveredParts',
  lostMs: 'recording.lostMs',
} as const;

/** What came of asking ECS for a recorder, by what the function `launch` says of it. */
export const LAUNCH_METRICS = {
  needless: 'launch.needless',
  leftToHosts: 'launch.leftToHosts',
  launched: 'launch.launched',
  refused: 'launch.refused',
  givenUp: 'launch.givenUp',
} as const satisfies Readonly<Record<Launched, string>>;

/** A start that found as many recordings as the deployment allows. */
export const REFUSED_METRIC = 'api.tooManyRecordings';

const OURS: ReadonlySet<EndCode> = new Set([
  'storage_failed',
  'spool_full',
  'interrupted',
  'never_started',
  'recorder_failed',
]);

const one: Metric = { value: 1, unit: 'Count' };
const ms = (value: number): Metric => ({ value: Math.max(0, Math.round(value)), unit: 'Milliseconds' });

export type Metrics = Readonly<Record<string, Metric>>;

/** The first frame has come: how long after it was asked for. */
export function startMetrics(
  { requestedAtMs }: Pick<Job, 'requestedAtMs'>,
  { startTimeMs }: Pick<OpenPart, 'startTimeMs'>,
): Metrics {
  return {
    [RECORDING_METRICS.started]: one,
    [RECORDING_METRICS.startLatencyMs]: ms(startTimeMs - requestedAtMs),
  };
}

/** A part is complete; what was not saved of it when its recorder was lost. */
export function partMetrics({
  recovered,
  estimatedLossMs,
}: Pick<FinalPart, 'recovered' | 'estimatedLossMs'>): Metrics {
  return {
    ...(recovered ? { [RECORDING_METRICS.recoveredParts]: one } : {}),
    ...(estimatedLossMs === undefined ? {} : { [RECORDING_METRICS.lostMs]: ms(estimatedLossMs) }),
  };
}

export function outcomeMetrics({ status, reason }: Pick<Outcome, 'status' | 'reason'>): Metrics {
  if (status === 'finished') return { [RECORDING_METRICS.finished]: one };
  return {
    [RECORDING_METRICS.failed]: one,
    ...(OURS.has(reason.code) ? { [RECORDING_METRICS.recorderFailed]: one } : {}),
  };
}
