import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

/** Of all hosts' room. */
const FULL_PERCENT = 95;

export interface AlarmsProps {
  readonly deadLetterQueue: IQueue;
  readonly functions: Readonly<Record<'relocate' | 'taskStopped' | 'reconcile' | 'launch', IFunction>>;
  /** Percent of their room that hosts use, where there are hosts. */
  readonly hosts: Metric | undefined;
  /** Events that the deployer's function, or his script, did not take, if there is one. */
  readonly notDelivered: {
    readonly onRecord: IQueue | undefined;
    readonly onRecordScript: IQueue | undefined;
  };
  /** Events that endpoints did not take. */
  readonly webhooks: readonly IQueue[];
  /** Told when an alarm goes off, and when it is over. */
  readonly topic: ITopic | undefined;
}

/**
 * What a person must look at: a record that stays in landing, and a net that does not hold any more. Each has a section in
 * docs/operations.md.
 */
export class Alarms extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { deadLetterQueue, functions, hosts, notDelivered, webhooks, topic }: AlarmsProps,
  ) {
    super(scope, id);
    const period = Duration.minutes(5);
    const alarms = [
      this.#onAny(
        'RecordsNotMoved',
        'A record could not be moved to the library: it is still in landing, its message in the dead-letter queue',
        deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
      ),
      this.#onAny(
        'RelocateErrors',
        'relocate crashed or timed out; its messages come again',
        functions.relocate.metricErrors({ period }),
      ),
      this.#onAny(
        'TaskStoppedErrors',
        'taskStopped crashed or timed out: what a lost recorder left waits for the next try, or for reconcile',
        functions.taskStopped.metricErrors({ period }),
      ),
      this.#onAny(
        'LaunchErrors',
        'launch crashed or timed out: recordings wait for their recorder',
        functions.launch.metricErrors({ period }),
      ),
      // One run that fails is made good by the next.
      this.#onAny(
        'ReconcileErrors',
        'reconcile crashed or timed out three times in a row: nothing mends what events have missed',
        functions.reconcile.metricErrors({ period }),
        { evaluationPeriods: 3 },
      ),
      this.#onAny(
        'ReconcileNotRunning',
        'reconcile was not called for half an hour: nothing mends what events have missed',
        functions.reconcile.metricInvocations({ period: Duration.minutes(30) }),
        {
          comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
          treatMissingData: TreatMissingData.BREACHING,
        },
      ),
    ];
    const webhooksFailed = webhooks.map(
      (queue, index) =>
        [`Webhook${index}Failed`, `webhooks.${index} did not take an event for a day`, queue] as const,
    );
    for (const [id, description, queue] of [
      ['OnRecordFailed', 'onRecord did not take an event for a day', notDelivered.onRecord],
      ['OnRecordScriptFailed', 'onRecordScript failed three times for a record', notDelivered.onRecordScript],
      ...webhooksFailed,
    ] as const) {
      if (queue === undefined) continue;
      const metric = queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' });
      alarms.push(this.#onAny(id, `${description}: it waits in the queue of what was not delivered`, metric));
    }
    if (hosts !== undefined) alarms.push(...this.#onHosts(hosts));
    if (topic === undefined) return;
    for (const alarm of alarms) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
  }

  #onHosts(load: Metric): Alarm[] {
    const period = Duration.minutes(5);
    return [
      this.#onAny(
        'HostsFull',
        'Hosts were full for half an hour: recordings wait for tasks of their own. Raise hosts.max, or see why no host comes',
        load.with({ period, statistic: 'Average' }),
        { threshold: FULL_PERCENT, evaluationPeriods: 6 },
      ),
      this.#onAny(
        'HostsNotRunning',
        'No host said that it is there for ten minutes: recordings wait for tasks of their own',
        load.with({ period, statistic: 'SampleCount' }),
        {
          comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
          treatMissingData: TreatMissingData.BREACHING,
          evaluationPeriods: 2,
        },
      ),
    ];
  }

  #onAny(
    id: string,
    alarmDescription: string,
    metric: IMetric,
    more: Partial<
      Pick<AlarmProps, 'comparisonOperator' | 'evaluationPeriods' | 'threshold' | 'treatMissingData'>
    > = {},
  ): Alarm {
    return new Alarm(this, id, {
      alarmDescription,
      metric,
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...more,
    });
  }
}
