import {
  DeleteRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { type Check, holds } from './check.ts';
import { until, type VerifyContext } from './context.ts';

export interface HeardEvent {
  readonly source: string;
  readonly 'detail-type': string;
  /** ISO 8601, to the second. */
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly heardAtMs: number;
}

/** A queue of the check's own, which is told of events. */
export interface Ear {
  /** The first event, heard before or to come, that this is true of. */
  hear(what: string, withinMs: number, isIt: (event: HeardEvent) => boolean): Promise<HeardEvent>;
}

async function makeQueue(
  { sqs, undo, runId }: VerifyContext,
  name: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string; readonly arn: string }> {
  const { QueueUrl: url = '' } = await sqs.send(
    new CreateQueueCommand({ QueueName: `${runId}-${name}`, Attributes: attributes }),
  );
  undo.later(`the queue ${name}`, () => sqs.send(new DeleteQueueCommand({ QueueUrl: url })));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  return { url, arn: Attributes?.QueueArn ?? '' };
}

/** A message arrives within seconds; AWS says nothing of how long a new rule takes. */
const REDRIVE_WITHIN_MS = 60_000;

/** Hears what the deployment publishes, and what ECS tells of its tasks, from now on. */
export async function listen(context: VerifyContext): Promise<Ear> {
  const { sqs, events, undo, runId, deployment } = context;
  const allow = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: '*',
      },
    ],
  };
  const queue = await makeQueue(context, 'events', { Policy: JSON.stringify(allow) });
  const clusterArn = [{ suffix: `:cluster/${deployment.clusterName}` }];
  for (const [bus, pattern] of [
    [deployment.eventBusName, { source: ['stream-recorder'] }],
    ['default', { source: ['aws.ecs'], detail: { clusterArn } }],
  ] as const) {
    const rule = { Name: runId, EventBusName: bus };
    await events.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify(pattern) }));
    undo.later(`the rule on ${bus}`, () => events.send(new DeleteRuleCommand(rule)));
    await events.send(
      new PutTargetsCommand({ Rule: runId, EventBusName: bus, Targets: [{ Id: 'ear', Arn: queue.arn }] }),
    );
    undo.later(`the target on ${bus}`, () =>
      events.send(new RemoveTargetsCommand({ Rule: runId, EventBusName: bus, Ids: ['ear'] })),
    );
  }

  const heard: HeardEvent[] = [];
  return {
    hear: (what, withinMs, isIt) =>
      until(what, withinMs, async () => {
        const known = heard.find(isIt);
        if (known !== undefined) return known;
        const poll = { QueueUrl: queue.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 };
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(poll));
        for (const { Body = '', ReceiptHandle } of Messages) {
          heard.push({ ...(JSON.parse(Body) as HeardEvent), heardAtMs: Date.now() });
          await sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));
        }
        return heard.find(isIt);
      }),
  };
}

/** What `npm run redrive` relies on, with two queues of its own. */
export function redriveCheck(context: VerifyContext): Check {
  const { sqs } = context;
  return {
    claim: 'dead letters go back to the queue that they came from',
    run: async () => {
      const dead = await makeQueue(context, 'dead');
      const policy = { deadLetterTargetArn: dead.arn, maxReceiveCount: 1 };
      const queue = await makeQueue(context, 'source', {
        RedrivePolicy: JSON.stringify(policy),
        VisibilityTimeout: '0',
      });
      await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'verify' }));
      const receive = async (url: string): Promise<string | undefined> => {
        const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 2 }));
        return Messages?.[0]?.Body;
      };
      // Received once, and not deleted: the next look at the queue moves it away.
      await until('first receipt', REDRIVE_WITHIN_MS, () => receive(queue.url));
      await until('dead letter', REDRIVE_WITHIN_MS, async () => {
        await receive(queue.url);
        const { Attributes } = await sqs.send(
          new GetQueueAttributesCommand({
            QueueUrl: dead.url,
            AttributeNames: ['ApproximateNumberOfMessages'],
          }),
        );
        return Attributes?.ApproximateNumberOfMessages === '1' || undefined;
      });
      await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead.arn }));
      const again = await until('message that came back', REDRIVE_WITHIN_MS, () => receive(queue.url));
      holds(again === 'verify', `what came back is ${again}`);
      return undefined;
    },
  };
}
