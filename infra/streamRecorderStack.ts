import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeWildcards } from './construct/acknowledge.ts';
import { StreamRecorder, type StreamRecorderProps } from './construct/streamRecorder.ts';

export interface StreamRecorderStackProps extends StackProps {
  /** Or what makes them, where they are resources of this stack. */
  readonly recorder?: StreamRecorderProps | ((scope: Stack) => StreamRecorderProps);
}

/** A stack with one StreamRecorder, and what its callers need to know as outputs. */
export class StreamRecorderStack extends Stack {
  constructor(scope: Construct, id: string, props: StreamRecorderStackProps = {}) {
    super(scope, id, { description: 'Serverless recorder for live streams', ...props });
    const given = typeof props.recorder === 'function' ? props.recorder(this) : props.recorder;
    const recorder = new StreamRecorder(this, 'Recorder', given);
    const outputs = {
      ApiUrl: recorder.apiUrl,
      LibraryBucketName: recorder.libraryBucket.bucketName,
      LandingBucketName: recorder.landingBucket.bucketName,
      EventBusName: recorder.eventBus.eventBusName,
      ClusterName: recorder.clusterName,
      DeadLetterQueueArn: recorder.deadLetterQueue.queueArn,
      ...(recorder.domainTarget === undefined ? {} : { DomainTarget: recorder.domainTarget }),
      ...callers(this, recorder, given),
    };
    const webhooks = recorder.webhookDeadLetterQueues.map(
      ({ queueArn }, index) => [`Webhook${index}DeadLetterQueueArn`, queueArn] as const,
    );
    for (const [name, value] of [...Object.entries(outputs), ...webhooks]) {
      new CfnOutput(this, name, { value });
    }
  }
}

/** How the API is called, and where its console is. */
function callers(
  stack: Stack,
  recorder: StreamRecorder,
  { auth, console }: StreamRecorderProps = {},
): Readonly<Record<string, string>> {
  const command = `npx stream-recorder ls --api ${recorder.apiUrl}`;
  const page = console === true ? { ConsoleUrl: `${recorder.apiUrl}console` } : {};
  switch (auth?.kind ?? 'iam') {
    case 'iam': {
      const policy = new ManagedPolicy(stack, 'CallApi', {
        description: 'Lets its holder call the recorder',
      });
      const { principalStatements } = recorder.grantApi(policy);
      const resources = principalStatements.flatMap((statement) => statement.resources);
      acknowledgeWildcards(policy, resources, 'It is for every route of this API.');
      const signed = `${command} --sigv4 --region ${stack.region}`;
      return { CallerPolicyArn: policy.managedPolicyArn, ConsoleCommand: signed, ...page };
    }
    case 'jwt':
      return { ConsoleCommand: `${command} --token TOKEN`, ...page };
    case 'basic':
      return { ConsoleCommand: `${command} --basic USER:PASSWORD`, ...page };
    case 'none':
      return { ConsoleCommand: command, ...page };
  }
}
