import { Duration, Stack } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type Bucket, EventType, type IBucket } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { RELOCATION } from '../wiring.ts';
import { acknowledge } from './acknowledge.ts';

/**
 * Moves running at a time. When thousands of parts rotate at the hour the rest waits in the queue, and starts and stops
 * keep their share of the account's Lambda concurrency.
 */
const MAX_CONCURRENT_MOVES = 100;

export interface RelocationQueueProps {
  readonly landing: IBucket | Bucket;
  readonly eventBus: EventBus;
  /** Where events wait that the queue did not take. */
  readonly notDelivered: IQueue;
}

/** landing, ObjectCreated → queue → relocate; what fails again and again waits in the dead-letter queue. */
export class RelocationQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;

  constructor(scope: Construct, id: string, { landing, eventBus, notDelivered }: RelocationQueueProps) {
    super(scope, id);
    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Shorter than the dead-letter queue's, since a message keeps its age when it goes there.
      retentionPeriod: Duration.days(7),
      visibilityTimeout: Duration.seconds(RELOCATION.visibilityTimeoutSeconds),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: RELOCATION.maxReceiveCount },
    });
    landing.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(this.queue), {
      prefix: RELOCATION.prefix,
    });
    acknowledgeNotificationsHandler(landing);
    new Rule(this, 'Continues', {
      description: 'A large copy goes on in another call',
      eventBus,
      eventPattern: {
        source: [RELOCATION.continues.source],
        detailType: [RELOCATION.continues.detailType],
      },
      targets: [new SqsQueue(this.queue, { deadLetterQueue: notDelivered })],
    });
  }

  /** Hands what is queued to the function. */
  connect(relocate: IFunction): void {
    relocate.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: RELOCATION.batchSize,
        maxBatchingWindow: Duration.seconds(RELOCATION.batchWindowSeconds),
        maxConcurrency: MAX_CONCURRENT_MOVES,
        reportBatchItemFailures: true,
      }),
    );
  }
}

/** aws-cdk-lib sets a bucket's notifications by a function of its own, one for the bucket's stack. */
function acknowledgeNotificationsHandler(bucket: IBucket | Bucket): void {
  const handlers = Stack.of(bucket).node.children.filter(({ node }) =>
    node.id.startsWith('BucketNotificationsHandler'),
  );
  for (const handler of handlers) {
    acknowledge(
      handler,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      'aws-cdk-lib makes this role; it runs in deployments only, and the policy is for its log.',
    );
  }
}
