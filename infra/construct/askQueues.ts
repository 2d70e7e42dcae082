import { Duration } from 'aws-cdk-lib';
import { type EventBus, EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { roomLeftAsk } from '../../functions/core/rooms/left.ts';
import { ASSIGNMENTS, DEPARTURES, type FunctionName, JOINS, QUEUES, type QueueName } from '../wiring.ts';
import { acknowledge } from './acknowledge.ts';

/** What functions and hosts ask of each other by queues. */
export class AskQueues extends Construct {
  readonly all: Readonly<Record<QueueName, IQueue>>;

  constructor(scope: Construct, id: string, { eventBus }: { readonly eventBus: EventBus }) {
    super(scope, id);
    this.all = {
      launch: this.#queue('Launch', QUEUES.launch),
      settle: this.#queue('Settle', QUEUES.settle),
      clips: this.#queue('Clips', QUEUES.clips),
      assignments: this.#queue('Assignments', ASSIGNMENTS),
    };
    new Rule(this, 'Joins', {
      description: 'A recording has ended whose parts are to become one file',
      eventBus,
      eventPattern: {
        source: [JOINS.source],
        detailType: [...JOINS.detailTypes],
        detail: { join: [...JOINS.detail.join] },
      },
      targets: [new SqsQueue(this.all[JOINS.queue])],
    });
    new Rule(this, 'Departures', {
      description: 'Somebody has left a room that becomes one file by itself',
      eventBus,
      eventPattern: {
        source: [DEPARTURES.source],
        detailType: [...DEPARTURES.detailTypes],
        detail: { mergeRoom: [...DEPARTURES.detail.mergeRoom] },
      },
      targets: [
        new SqsQueue(this.all[DEPARTURES.queue], {
          message: RuleTargetInput.fromObject(roomLeftAsk(EventField.fromPath('$.detail.recordingId'))),
        }),
      ],
    });
  }

  /** Hands each queue's messages to its function. */
  connect(functions: Readonly<Record<FunctionName, IFunction>>): void {
    for (const name of Object.keys(QUEUES) as (keyof typeof QUEUES)[]) {
      const { function: consumer, batchSize, maxConcurrency } = QUEUES[name];
      functions[consumer].addEventSource(
        new SqsEventSource(this.all[name], { batchSize, maxConcurrency, reportBatchItemFailures: true }),
      );
    }
  }

  #queue(id: string, times: Record<'retentionSeconds' | 'visibilityTimeoutSeconds', number>): Queue {
    const queue = new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.seconds(times.retentionSeconds),
      visibilityTimeout: Duration.seconds(times.visibilityTimeoutSeconds),
    });
    acknowledge(
      queue,
      'AwsSolutions-SQS3',
      'What was asked is in state: the schedule finds and mends what was not done, so a message that fails needs no place of its own.',
    );
    return queue;
  }
}
