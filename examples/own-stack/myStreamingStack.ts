import path from 'node:path';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { EVENT_SOURCE, EVENT_TYPES } from '../../functions/core/events/published.ts';
import { StreamRecorder } from '../../infra/construct/streamRecorder.ts';

/** A stack of your own with Stream Recorder in it: hourly files, a function for each record, a queue for failures. */
export class MyStreamingStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // Called for each finished record, as soon as it is in the library.
    const onRecord = new NodejsFunction(this, 'OnRecord', {
      entry: path.join(import.meta.dirname, 'onRecord.ts'),
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.seconds(30),
    });
    const recorder = new StreamRecorder(this, 'Recorder', {
      onRecord,
      capacityProviders: ['FARGATE_SPOT', 'FARGATE'],
      alarmTopic: new Topic(this, 'Alarms', { enforceSSL: true }),
      recordingDefaults: {
        rotation: { kind: 'time', everyMs: 3_600_000 },
        names: {
          policy: 'template',
          fileTemplate: '{streamName}-{startTime}',
          libraryKeyTemplate: '{yyyy}/{MM}/{dd}/{fileName}',
        },
      },
    });

    // Whoever starts and stops recordings, such as the role of your backend, gets this policy.
    const callApi = new ManagedPolicy(this, 'CallStreamRecorder', {
      description: 'Start, stop and see recordings',
    });
    recorder.grantApi(callApi);

    recorder.libraryBucket.grantRead(onRecord);

    // Failures wait until somebody looks at them.
    const failures = new Queue(this, 'Failures', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    new Rule(this, 'RecordingFailed', {
      eventBus: recorder.eventBus,
      eventPattern: { source: [EVENT_SOURCE], detailType: [EVENT_TYPES.recordingFailed] },
      targets: [new SqsQueue(failures)],
    });

    new CfnOutput(this, 'ApiUrl', { value: recorder.apiUrl });
    new CfnOutput(this, 'CallerPolicyArn', { value: callApi.managedPolicyArn });
  }
}
