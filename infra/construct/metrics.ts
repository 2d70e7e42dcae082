import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS_NAMESPACE } from '../../functions/core/metrics/embeddedMetrics.ts';
import {
  LAUNCH_METRICS,
  RECORDING_METRICS,
  RECORDING_SOURCE,
  REFUSED_METRIC,
} from '../../functions/core/metrics/recordingMetrics.ts';
import { HOST_TASK } from '../wiring.ts';

/** Of a recorder's heartbeat (container/attempt/heartbeat.ts). */
const HEARTBEAT_SECONDS = 15;

function own(source: string, metricName: string, statistic: string, period = Duration.minutes(5)): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { source },
    statistic,
    period,
  });
}

const ofRecordings = (name: keyof typeof RECORDING_METRICS, statistic = 'Sum'): Metric =>
  own(RECORDING_SOURCE, RECORDING_METRICS[name], statistic);

/** What functions, recorders and hosts say of themselves in their logs, as CloudWatch has it. */
export const OWN_METRICS = {
  started: ofRecordings('started'),
  finished: ofRecordings('finished'),
  failed: ofRecordings('failed'),
  recorderFailed: ofRecordings('recorderFailed'),
  recoveredParts: ofRecordings('recoveredParts'),
  lostMs: ofRecordings('lostMs'),
  startLatency: (statistic: string): Metric => ofRecordings('startLatencyMs', statistic),
  launchesRefused: own('launch', LAUNCH_METRICS.refused, 'Sum'),
  launchesGivenUp: own('launch', LAUNCH_METRICS.givenUp, 'Sum'),
  tooManyRecordings: own('api', REFUSED_METRIC, 'Sum'),
  tailAgeMs: own('recorder', 'recorder.tailAgeMs', 'Maximum'),
  spoolBytes: own('recorder', 'recorder.spoolBytes', 'Maximum'),
  /** Heartbeats in a minute: each recording that goes on has as many as `perRecording`. */
  heartbeats: own('recorder', 'recorder.fps', 'SampleCount', Duration.minutes(1)),
  heartbeatsPerRecording: 60 / HEARTBEAT_SECONDS,
  hostLoad: own(HOST_TASK.containerName, HOST_TASK.loadMetric, 'Average', Duration.minutes(1)),
} as const;
