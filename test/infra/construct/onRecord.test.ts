import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { StreamRecorder } from '../../../infra/construct/streamRecorder.ts';
import { appsForTests, only, readable, synthesize, testApp, testImage } from './stacks.ts';

appsForTests();

interface Target {
  readonly Arn: unknown;
  readonly RetryPolicy: unknown;
  readonly DeadLetterConfig: { readonly Arn: unknown };
}

describe('onRecord', () => {
  it('is called for each record, again for a day, and what it never took waits in a queue with an alarm', () => {
    const stack = new Stack(testApp(), 'Own');
    const onRecord = new LambdaFunction(stack, 'Mine', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => {}'),
    });
    new StreamRecorder(stack, 'Recorder', { image: testImage(), onRecord });
    const template = Template.fromStack(stack);
    const { properties } = only<{ Targets: [Target] }>(template, 'AWS::Events::Rule', {
      EventPattern: { source: ['stream-recorder'], 'detail-type': ['Record Available'] },
    });
    const [target] = properties.Targets;
    expect(readable(target.Arn)).toMatch(/^<Mine\w+\.Arn>$/);
    expect(target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
    expect(readable(target.DeadLetterConfig.Arn)).toMatch(/NotDelivered/);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('onRecord'),
    });
  });

  it('is not there without the prop', () => {
    const template = synthesize();
    const rules = template.findResources('AWS::Events::Rule', {
      Properties: { EventPattern: { 'detail-type': ['Record Available'] } },
    });
    expect(rules).toEqual({});
  });
});

describe('lifecycle', () => {
  const rulesOf = (template: Template, versioned: boolean): Record<string, unknown>[] =>
    Object.values(template.findResources('AWS::S3::Bucket'))
      .filter(({ Properties }) => (Properties.VersioningConfiguration !== undefined) === versioned)
      .flatMap(({ Properties }) => Properties.LifecycleConfiguration.Rules as Record<string, unknown>[]);
  const abort = expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } });

  it('ends aborted uploads and tails; records, sessions, locks and jobs stay', () => {
    const template = synthesize();
    expect(rulesOf(template, false)).toEqual([
      abort,
      expect.objectContaining({ Id: 'RemoveTails', Prefix: 'state/tails/', ExpirationInDays: 30 }),
      expect.objectContaining({ Id: 'RemoveJournals', Prefix: 'state/journal/', ExpirationInDays: 8 }),
    ]);
    expect(rulesOf(template, true)).toEqual([abort]);
  });

  it('removes records and leftovers when that is asked', () => {
    const template = synthesize({ libraryExpiry: Duration.days(365), leftoversExpiry: Duration.days(90) });
    expect(rulesOf(template, false)).toContainEqual(
      expect.objectContaining({ Id: 'RemoveLeftovers', Prefix: 'records/', ExpirationInDays: 90 }),
    );
    expect(rulesOf(template, true)).toEqual([
      abort,
      expect.objectContaining({
        Id: 'RemoveRecords',
        ExpirationInDays: 365,
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      }),
      expect.objectContaining({ Id: 'RemoveDeleteMarkers', ExpiredObjectDeleteMarker: true }),
    ]);
  });

  it('refuses what could remove a record that still moves, and what it cannot do', () => {
    expect(() => synthesize({ leftoversExpiry: Duration.days(7) })).toThrow(/at least 30 days/);
    const stack = new Stack(testApp(), 'Own');
    const libraryBucket = Bucket.fromBucketName(stack, 'Library', 'mine');
    expect(
      () => new StreamRecorder(stack, 'Recorder', { libraryBucket, libraryExpiry: Duration.days(365) }),
    ).toThrow(/libraryExpiry/);
  });
});

describe('a large copy', () => {
  it('goes on by an event of its own, through the queue', () => {
    const template = synthesize();
    const { properties } = only<{ Targets: { Arn: unknown }[] }>(template, 'AWS::Events::Rule', {
      EventPattern: { source: ['stream-recorder'], 'detail-type': ['Record Move Continues'] },
    });
    const queue = only(template, 'AWS::SQS::Queue', { RedrivePolicy: {} }).id;
    expect(properties.Targets.map(({ Arn }) => readable(Arn))).toEqual([`<${queue}.Arn>`]);
  });
});
