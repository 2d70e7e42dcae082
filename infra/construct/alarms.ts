import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { OWN_METRICS } from './metrics.ts';

/** Of all hosts' room. */
const FULL_PERCENT = 95;
/** Of the disk that bridges an outage of S3. */
const SPOOL_PERCENT = 50;
/** A tail is saved each two seconds while S3 answers. */
const TAIL_AGE_MS = 30_000;
const RELOCATION_AGE = Duration.minutes(30);
/** A clip that waits for its parts is asked for anew each time. */
const CLIP_AGE = Duration.minutes(30);
/** Of the account's vCPUs on Fargate, on demand: a quota takes hours to be raised. */
const QUOTA_PERCENT = 80;

export interface AlarmsProps {
  readonly deadLetterQueue: IQueue;
  readonly relocationQueue: IQueue;
  readonly clipsQueue: IQueue;
  readonly functions: Readonly<
    Record<'relocate' | 'taskStopped' | 'settle' | 'reconcile' | 'launch' | 'cut', IFunction>
  >;
  /** Answers of the API with 5xx. */
  readonly serverErrors: IMetric;
  /** Disk that a recorder's spool may take. */
  readonly spoolMaxBytes: number;
  /** Whether there are hosts. */
  readonly hasHosts: boolean;
  /** Events that nobody took: of our own rules, and of the deployer's function and script, where there is one. */
  readonly notDelivered: {
    readonly events: IQueue;
    readonly onRecord: IQueue | undefined;
    readonly onRecordScript: IQueue | undefined;
  };
  /** Events that endpoints did not take. */
  readonly webhooks: readonly IQueue[];
  /** Told when somebody has to act, and when it is over. */
  readonly topic: ITopic | undefined;
}

interface AlarmSpec {
  readonly id: string;
  readonly description: string;
  readonly metric: IMetric;
  /** 1 by default. */
  readonly threshold?: number;
  /** How many periods in a row; 1 by default. */
  readonly periods?: number;
  /** It is there all the time: too little of it, or nothing, is what goes wrong. */
  readonly whenMissing?: true;
}

const period = Duration.minutes(5);
const age = (queue: IQueue): IMetric =>
  queue.metricApproximateAgeOfOldestMessage({ period, statistic: 'Maximum' });
const waiting = (queue: IQueue): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' });

/**
 * What a person must look at. Each alarm has a section in docs/operations.md. A fault of S3, say, sets off many of them: they
 * are bound together by what is at stake, and only the three of those ring.
 */
export class Alarms extends Construct {
  /** Those that ring, by what is at stake. */
  readonly ringing: readonly CompositeAlarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.ringing = [
      this.#together('MediaAtRisk', 'What streams send now may not be recorded', mediaAtRisk(props)),
      this.#together(
        'RecordsWait',
        'What was recorded does not reach those who wait for it',
        recordsWait(props),
      ),
      this.#together('NothingMends', 'Nothing mends what events have missed', nothingMends(props)),
    ];
    const { topic } = props;
    if (topic === undefined) return;
    for (const alarm of this.ringing) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
  }

  #together(id: string, alarmDescription: string, specs: readonly AlarmSpec[]): CompositeAlarm {
    const alarms = specs.map((spec) => this.#alarm(spec));
    return new CompositeAlarm(this, id, { alarmDescription, alarmRule: AlarmRule.anyOf(...alarms) });
  }

  #alarm({ id, description, metric, threshold = 1, periods = 1, whenMissing }: AlarmSpec): Alarm {
    return new Alarm(this, id, {
      alarmDescription: `${description}. docs/operations.md: ${id}`,
      metric,
      threshold,
      evaluationPeriods: periods,
      ...(whenMissing
        ? {
            comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
            treatMissingData: TreatMissingData.BREACHING,
          }
        : { treatMissingData: TreatMissingData.NOT_BREACHING }),
    });
  }
}

function mediaAtRisk({ functions, serverErrors, spoolMaxBytes, hasHosts }: AlarmsProps): AlarmSpec[] {
  return [
    {
      id: 'RecordingsFailed',
      description: 'A recording failed, or never began, and neither its source nor a caller is the cause',
      metric: OWN_METRICS.recorderFailed,
    },
    {
      id: 'RecordingsRefused',
      description: 'As many recordings go on as limits.maxConcurrentRecordings allows: starts are refused',
      metric: OWN_METRICS.tooManyRecordings,
    },
    {
      id: 'LaunchErrors',
      description: 'launch crashed or timed out: recordings wait for their recorder',
      metric: functions.launch.metricErrors({ period }),
    },
    {
      id: 'LaunchesRefused',
      description: 'ECS refused tasks for a quarter of an hour: a quota, its rate, or capacity',
      metric: OWN_METRICS.launchesRefused,
      threshold: 5,
      periods: 3,
    },
    {
      id: 'QuotaNearlyReached',
      description: 'Four fifths of the vCPUs that this account may have on Fargate are in use',
      metric: vcpusInUse(),
      threshold: QUOTA_PERCENT,
    },
    {
      id: 'UploadsBehind',
      description: 'A recorder could not save what it has received for half a minute: S3 is slow or away',
      metric: OWN_METRICS.tailAgeMs,
      threshold: TAIL_AGE_MS,
      periods: 2,
    },
    {
      id: 'SpoolFilling',
      description:
        "A recorder's disk is half full of what S3 does not take: when it is full, its recording ends",
      metric: OWN_METRICS.spoolBytes,
      threshold: Math.max(1, (spoolMaxBytes * SPOOL_PERCENT) / 100),
    },
    {
      id: 'ApiErrors',
      description: 'The API answered with 5xx again and again for ten minutes',
      metric: serverErrors,
      threshold: 5,
      periods: 2,
    },
    ...(hasHosts ? ofHosts() : []),
  ];
}

/** Of the quota, in percent: of all that the account runs, whoever deployed it. */
function vcpusInUse(): IMetric {
  const usage = new Metric({
    namespace: 'AWS/Usage',
    metricName: 'ResourceCount',
    dimensionsMap: { Service: 'Fargate', Type: 'Resource', Resource: 'vCPU', Class: 'Standard/OnDemand' },
    statistic: 'Maximum',
  });
  return new MathExpression({
    expression: '100 * usage / SERVICE_QUOTA(usage)',
    usingMetrics: { usage },
    label: 'vCPUs in use, %',
    period,
  });
}

function ofHosts(): AlarmSpec[] {
  return [
    {
      id: 'HostsFull',
      description:
        'Hosts were full for half an hour: recordings wait for tasks of their own. Raise hosts.max, or see why no host comes',
      metric: OWN_METRICS.hostLoad.with({ period }),
      threshold: FULL_PERCENT,
      periods: 6,
    },
    {
      id: 'HostsNotRunning',
      description: 'No host said that it is there for ten minutes: recordings wait for tasks of their own',
      metric: OWN_METRICS.hostLoad.with({ period, statistic: 'SampleCount' }),
      periods: 2,
      whenMissing: true,
    },
  ];
}

function recordsWait(props: AlarmsProps): AlarmSpec[] {
  const { deadLetterQueue, relocationQueue, clipsQueue, functions, notDelivered, webhooks } = props;
  const told = webhooks.map(
    (queue, index) =>
      [`Webhook${index}Failed`, `webhooks.${index} did not take an event for a day`, queue] as const,
  );
  return [
    {
      id: 'RecordsNotMoved',
      description:
        'A record could not be moved to the library: it is still in landing, its message in the dead-letter queue',
      metric: waiting(deadLetterQueue),
    },
    {
      id: 'RecordsMoveLate',
      description: 'A record has waited for half an hour to be moved to the library',
      metric: age(relocationQueue),
      threshold: RELOCATION_AGE.toSeconds(),
    },
    {
      id: 'RelocateErrors',
      description: 'relocate crashed or timed out; its messages come again',
      metric: functions.relocate.metricErrors({ period }),
    },
    {
      id: 'ClipsLate',
      description: 'A clip, or a joined file, has waited for half an hour to be made',
      metric: age(clipsQueue),
      threshold: CLIP_AGE.toSeconds(),
    },
    {
      id: 'CutErrors',
      description: 'cut crashed or timed out three times in a row: clips and joined files are not made',
      metric: functions.cut.metricErrors({ period }),
      periods: 3,
    },
    ...(
      [
        ['OnRecordFailed', 'onRecord did not take an event for a day', notDelivered.onRecord],
        [
          'OnRecordScriptFailed',
          'onRecordScript failed three times for a record',
          notDelivered.onRecordScript,
        ],
        ...told,
      ] as const
    ).flatMap(([id, what, queue]) =>
      queue === undefined
        ? []
        : [
            {
              id,
              description: `${what}: it waits in the queue of what was not delivered`,
              metric: waiting(queue),
            },
          ],
    ),
  ];
}

function nothingMends({ functions, notDelivered }: AlarmsProps): AlarmSpec[] {
  const { taskStopped, settle, reconcile } = functions;
  return [
    {
      id: 'TaskStoppedErrors',
      description:
        'taskStopped crashed or timed out: what a lost recorder left waits for the next try, or for reconcile',
      metric: taskStopped.metricErrors({ period }),
    },
    {
      id: 'SettleErrors',
      description:
        'settle crashed or timed out: what a lost worker left waits for the next try, or for reconcile',
      metric: settle.metricErrors({ period }),
    },
    {
      id: 'EventsNotDelivered',
      description:
        'An event of ECS or of a move reached nobody: it waits in a queue, and reconcile does its work',
      metric: waiting(notDelivered.events),
    },
    // One run that fails is made good by the next.
    {
      id: 'ReconcileErrors',
      description:
        'reconcile crashed or timed out three times in a row: nothing mends what events have missed',
      metric: reconcile.metricErrors({ period }),
      periods: 3,
    },
    {
      id: 'ReconcileNotRunning',
      description: 'reconcile was not called for half an hour: nothing mends what events have missed',
      metric: reconcile.metricInvocations({ period: Duration.minutes(30) }),
      whenMissing: true,
    },
  ];
}
