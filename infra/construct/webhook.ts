import { Duration } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { parseInput } from '../../functions/core/api/validation.ts';
import { EVENT_SOURCE, EVENT_TYPES } from '../../functions/core/events/published.ts';
import { checkSource } from '../../functions/core/source/policy.ts';
import { WEBHOOK_TRIES } from '../../functions/core/webhooks/retries.ts';
import {
  PUBLIC_HTTPS,
  type Webhook as WebhookSettings,
  webhookSchema,
} from '../../functions/core/webhooks/settings.ts';
import { WEBHOOK, WEBHOOK_QUEUE } from '../optionalFunctions.ts';
import { type FunctionsProps, lambdaFunction } from './functions.ts';
import { secretsExtension } from './secrets.ts';

/** An endpoint that is told of events, as the Standard Webhooks specification has it. */
export interface WebhookProps extends WebhookSettings {
  /** JSON: `{"secret":"whsec_…"}`; `previous` signs too, while the secret is changed. */
  readonly secret: ISecret | Secret;
}

/** Events of the bus → a queue of the endpoint's own → its function; what it did not take for a day waits in another queue. */
export class Webhook extends Construct {
  readonly deadLetterQueue: Queue;

  /** @throws Error for a URL that is no public HTTPS, or an event that there is none */
  constructor(
    scope: Construct,
    id: string,
    props: WebhookProps & {
      readonly field: string;
      readonly eventBus: EventBus;
      readonly functionsProps: FunctionsProps;
    },
  ) {
    super(scope, id);
    const { field, eventBus, functionsProps, secret, ...settings } = props;
    const { url, events = Object.values(EVENT_TYPES) } = parseInput(webhookSchema, settings, field);
    checkSource(url, `${field}.url`, PUBLIC_HTTPS);
    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // A message keeps its age when it goes to the dead letters.
      retentionPeriod: Duration.days(4),
      visibilityTimeout: Duration.seconds(WEBHOOK_QUEUE.visibilityTimeoutSeconds),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: WEBHOOK_TRIES },
    });
    new Rule(this, 'Events', {
      description: 'Events, to an endpoint of the deployer',
      eventBus,
      eventPattern: { source: [EVENT_SOURCE], detailType: [...events] },
      targets: [new SqsQueue(queue)],
    });
    const handler = lambdaFunction(this, WEBHOOK, {
      ...functionsProps,
      paramsAndSecrets: secretsExtension(),
      environment: {
        WEBHOOK_URL: url,
        WEBHOOK_SECRET_ARN: secret.secretArn,
        WEBHOOK_QUEUE_URL: queue.queueUrl,
        WEBHOOK_RULES: JSON.stringify(PUBLIC_HTTPS),
      },
    });
    if (handler.role !== undefined) secret.grantRead(handler.role);
    handler.addEventSource(
      new SqsEventSource(queue, {
        batchSize: WEBHOOK_QUEUE.batchSize,
        maxConcurrency: WEBHOOK_QUEUE.maxConcurrency,
        reportBatchItemFailures: true,
      }),
    );
  }
}
