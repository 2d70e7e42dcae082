import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type FunctionName, QUEUES, type QueueName } from '../wiring.ts';
import { acknowledge } from './acknowledge.ts';

/** What functions ask of each other by queues. */
export class AskQueues extends Construct {
  readonly all: Readonly<Record<QueueName, IQueue>>;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.all = { launch: this.#queue('Launch', 'launch') };
  }

  /** Hands each queue's messages to its function. */
  connect(functions: Readonly<Record<FunctionName, IFunction>>): void {
    for (const name of Object.keys(QUEUES) as QueueName[]) {
      const { function: consumer, batchSize, maxConcurrency } = QUEUES[name];
      functions[consumer].addEventSource(
        new SqsEventSource(this.all[name], { batchSize, maxConcurrency, reportBatchItemFailures: true }),
      );
    }
  }

  #queue(id: string, name: QueueName): Queue {
    const queue = new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.seconds(QUEUES[name].retentionSeconds),
      visibilityTimeout: Duration.seconds(QUEUES[name].visibilityTimeoutSeconds),
    });
    acknowledge(
      queue,
      'AwsSolutions-SQS3',
      'A message is of use for minutes; what was asked is in state, and the schedule mends what was not done.',
    );
    return queue;
  }
}
