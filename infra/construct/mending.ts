import { Duration } from 'aws-cdk-lib';
import { EventField, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { SCHEDULE, TASK_EVENTS } from '../wiring.ts';

export interface MendingProps {
  readonly clusterArn: string;
  readonly taskStopped: IFunction;
  readonly reconcile: IFunction;
  /** Where events wait that nobody took. */
  readonly notDelivered: IQueue;
}

/** Events and schedule that keep recordings whole when a task or a function is lost. */
export class Mending extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { clusterArn, taskStopped, reconcile, notDelivered }: MendingProps,
  ) {
    super(scope, id);
    // Task events are on the account's default bus only.
    new Rule(this, 'TaskStopped', {
      description: 'Recorder tasks whose container has ended',
      eventPattern: {
        source: [TASK_EVENTS.source],
        detailType: [TASK_EVENTS.detailType],
        detail: { clusterArn: [clusterArn], lastStatus: [...TASK_EVENTS.lastStatuses] },
      },
      targets: [
        new LambdaFunction(taskStopped, {
          maxEventAge: Duration.hours(TASK_EVENTS.retryHours),
          deadLetterQueue: notDelivered,
        }),
      ],
    });
    new Rule(this, 'Schedule', {
      description: 'Mends what differs between state, ECS and S3',
      schedule: Schedule.rate(Duration.minutes(SCHEDULE.everyMinutes)),
      targets: [
        new LambdaFunction(reconcile, {
          retryAttempts: 0,
          event: RuleTargetInput.fromObject({ scheduledAt: EventField.time }),
        }),
      ],
    });
  }
}
