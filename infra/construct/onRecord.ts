import { Duration } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { EVENT_SOURCE, EVENT_TYPES } from '../../functions/core/events/published.ts';
import { notDeliveredQueue } from './notDelivered.ts';

export interface OnRecordProps {
  readonly eventBus: EventBus;
  readonly handler: IFunction;
}

/** A deployer's function, called for each record in the library; what it never took waits in a queue. */
export class OnRecord extends Construct {
  readonly notDelivered: Queue;

  constructor(scope: Construct, id: string, { eventBus, handler }: OnRecordProps) {
    super(scope, id);
    this.notDelivered = notDeliveredQueue(this, 'NotDelivered');
    new Rule(this, 'RecordAvailable', {
      description: "Each record in the library, to the deployer's function",
      eventBus,
      eventPattern: { source: [EVENT_SOURCE], detailType: [EVENT_TYPES.recordAvailable] },
      targets: [
        new LambdaFunction(handler, {
          deadLetterQueue: this.notDelivered,
          maxEventAge: Duration.hours(24),
          retryAttempts: 185,
        }),
      ],
    });
  }
}
