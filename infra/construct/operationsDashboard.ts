import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  type CompositeAlarm,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { OWN_METRICS } from './metrics.ts';

/** Fargate on arm64 and public IPv4 addresses, us-east-1, dollars an hour: docs/cost.md has the sources. */
const PRICE = { vcpu: 0.032_38, gib: 0.003_56, address: 0.005 };

export interface OperationsDashboardProps {
  readonly alarms: readonly CompositeAlarm[];
  readonly clusterName: string;
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly queues: Readonly<Record<string, IQueue>>;
  readonly deadLetterQueue: IQueue;
  /** Of the API, by what it is: requests, 4xx, 5xx, latency. */
  readonly api: { readonly counts: readonly IMetric[]; readonly latency: readonly IMetric[] };
  readonly hasHosts: boolean;
}

/** One page for whoever is called: is anything at risk, does it start, is anything lost, what waits, what does it cost. */
export class OperationsDashboard extends Construct {
  constructor(scope: Construct, id: string, props: OperationsDashboardProps) {
    super(scope, id);
    const dashboard = new Dashboard(this, 'Dashboard', { defaultInterval: Duration.hours(12) });
    dashboard.addWidgets(
      new AlarmStatusWidget({ title: 'Alarms', width: 24, height: 2, alarms: [...props.alarms] }),
    );
    dashboard.addWidgets(...recordings());
    dashboard.addWidgets(...safety());
    dashboard.addWidgets(...capacity(props));
    dashboard.addWidgets(...waiting(props));
  }
}

const graph = (title: string, left: readonly IMetric[], right: readonly IMetric[] = []): IWidget =>
  new GraphWidget({ title, width: 8, height: 6, left: [...left], right: [...right] });

function recordings(): IWidget[] {
  const running = new MathExpression({
    label: 'recording now',
    expression: `heartbeats / ${OWN_METRICS.heartbeatsPerRecording}`,
    usingMetrics: { heartbeats: OWN_METRICS.heartbeats },
    period: Duration.minutes(1),
  });
  const { started, finished, failed, recorderFailed, startLatency } = OWN_METRICS;
  return [
    graph('Recording now', [running]),
    graph('Started, finished, failed', [started, finished, failed, recorderFailed]),
    graph(
      'From the start to the first frame, ms',
      ['p50', 'p90', 'p99'].map((statistic) => startLatency(statistic).with({ label: statistic })),
    ),
  ];
}

function safety(): IWidget[] {
  const { lostMs, recoveredParts, tailAgeMs, spoolBytes } = OWN_METRICS;
  return [
    graph('Lost (ms), parts recovered', [lostMs], [recoveredParts]),
    graph('Oldest bytes that are not saved, ms', [tailAgeMs]),
    graph('Fullest spool, bytes', [spoolBytes]),
  ];
}

function capacity({ clusterName, hasHosts }: OperationsDashboardProps): IWidget[] {
  const insights = (metricName: string): Metric =>
    new Metric({
      namespace: 'ECS/ContainerInsights',
      metricName,
      dimensionsMap: { ClusterName: clusterName },
      statistic: 'Average',
      period: Duration.minutes(5),
    });
  const tasks = insights('TaskCount');
  const cost = new MathExpression({
    label: 'dollars an hour, an estimate',
    expression: `cpu / 1024 * ${PRICE.vcpu} + memory / 1024 * ${PRICE.gib} + tasks * ${PRICE.address}`,
    usingMetrics: { cpu: insights('CpuReserved'), memory: insights('MemoryReserved'), tasks },
  });
  const { launchesRefused, launchesGivenUp, tooManyRecordings, hostLoad } = OWN_METRICS;
  return [
    graph("Tasks, and hosts' room in use (%)", [tasks], hasHosts ? [hostLoad] : []),
    graph('Recorders that ECS refused, starts that the limit refused', [
      launchesRefused,
      launchesGivenUp,
      tooManyRecordings,
    ]),
    graph('Cost of tasks', [cost]),
  ];
}

function waiting({ functions, queues, deadLetterQueue, api }: OperationsDashboardProps): IWidget[] {
  const each = (metricOf: (one: IFunction) => Metric): Metric[] =>
    Object.entries(functions).map(([label, one]) => metricOf(one).with({ label }));
  return [
    graph(
      'Oldest message of each queue, s; records that were not moved',
      Object.entries(queues).map(([label, queue]) =>
        queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', label }),
      ),
      [
        deadLetterQueue.metricApproximateNumberOfMessagesVisible({
          statistic: 'Maximum',
          label: 'not moved',
        }),
      ],
    ),
    graph(
      'Errors and throttles of functions',
      each((one) => one.metricErrors()),
      each((one) => one.metricThrottles()),
    ),
    graph('API: requests, 4xx, 5xx; latency, ms', api.counts, api.latency),
  ];
}
