import { Duration } from 'aws-cdk-lib';
import { Alarm, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface AlarmsProps {
  readonly deadLetterQueue: IQueue;
  readonly relocate: IFunction;
  /** Events that the deployer's function, or his script, did not take, if there is one. */
  readonly notDelivered: {
    readonly onRecord: IQueue | undefined;
    readonly onRecordScript: IQueue | undefined;
  };
  /** Told when an alarm goes off, and when it is over. */
  readonly topic: ITopic | undefined;
}

/** What a person must look at: a record that stays in landing. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, { deadLetterQueue, relocate, notDelivered, topic }: AlarmsProps) {
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
        relocate.metricErrors({ period }),
      ),
    ];
    for (const [id, description, queue] of [
      ['OnRecordFailed', 'onRecord did not take an event for a day', notDelivered.onRecord],
      ['OnRecordScriptFailed', 'onRecordScript failed three times for a record', notDelivered.onRecordScript],
    ] as const) {
      if (queue === undefined) continue;
      const metric = queue.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' });
      alarms.push(this.#onAny(id, `${description}: it waits in the queue of what was not delivered`, metric));
    }
    if (topic === undefined) return;
    for (const alarm of alarms) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
  }

  #onAny(id: string, alarmDescription: string, metric: IMetric): Alarm {
    return new Alarm(this, id, {
      alarmDescription,
      metric,
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
