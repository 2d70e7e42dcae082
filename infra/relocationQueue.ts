import { Duration } from 'aws-cdk-lib';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { type Bucket, EventType, type IBucket } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { RELOCATION } from './wiring.ts';

/**
 * Moves running at a time. When thousands of parts rotate at the hour the rest waits in the queue, and starts and stops
 * keep their share of the account's Lambda concurrency.
 */
const MAX_CONCURRENT_MOVES = 100;

/** landing, ObjectCreated → queue → relocate; what fails again and again waits in the dead-letter queue. */
export class RelocationQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;

  constructor(scope: Construct, id: string, landing: IBucket | Bucket, relocate: NodejsFunction) {
    super(scope, id);
    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(RELOCATION.visibilityTimeoutSeconds),
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: RELOCATION.maxReceiveCount },
    });
    landing.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(this.queue), {
      prefix: RELOCATION.prefix,
    });
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
