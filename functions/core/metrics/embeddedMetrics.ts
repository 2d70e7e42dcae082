/**
 * CloudWatch's embedded metric format: metrics that CloudWatch reads out of a JSON log line, without a request of their
 * own. Where nobody reads them they are fields of the line.
 */
export const METRICS_NAMESPACE = 'StreamRecorder';

export type MetricUnit = 'Count' | 'Percent' | 'Bytes' | 'Milliseconds' | 'Bits/Second' | 'Count/Second';

export interface Metric {
  readonly value: number;
  readonly unit: MetricUnit;
}

/** @param source who measured: one dimension, so that the number of metrics does not grow with recordings */
export function embeddedMetrics(
  source: string,
  timestampMs: number,
  metrics: Readonly<Record<string, Metric>>,
): Record<string, unknown> {
  const names = Object.keys(metrics);
  return {
    _aws: {
      Timestamp: timestampMs,
      CloudWatchMetrics: [
        {
          Namespace: METRICS_NAMESPACE,
          Dimensions: [['source']],
          Metrics: names.map((name) => ({ Name: name, Unit: metrics[name]?.unit })),
        },
      ],
    },
    source,
    ...Object.fromEntries(names.map((name) => [name, metrics[name]?.value])),
  };
}
