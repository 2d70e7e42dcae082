import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { beforeAll, describe, expect, it } from 'vitest';
import { StreamRecorder, type StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import { FUNCTIONS, RECORDER_TASK } from '../../../infra/wiring.ts';
import { appsForTests, only, readable, synthesize, testApp, testImage } from './stacks.ts';

appsForTests();

const GIB = 1024 ** 3;

/** What has nothing to do with each other, in one stack: half a second of work. */
const SEVERAL = {
  capacityProviders: ['FARGATE_SPOT', 'FARGATE'],
  recordingDefaults: {
    audioSampleRateHz: 48_000,
    names: { fileTemplate: '{streamName}' },
    spoolMaxBytes: 18 * GIB + 1,
  },
  cpuUnits: 1024,
  memoryMb: 2048,
  logRetention: RetentionDays.ONE_YEAR,
} as const satisfies StreamRecorderProps;

function inStack(propsOf: (stack: Stack) => StreamRecorderProps): { stack: Stack; recorder: StreamRecorder } {
  const stack = new Stack(testApp(), 'Mine');
  const recorder = new StreamRecorder(stack, 'Recorder', { image: testImage(), ...propsOf(stack) });
  return { stack, recorder };
}

const variablesOf = (template: Template, name: keyof typeof FUNCTIONS) =>
  only<{ Environment: { Variables: Record<string, unknown> } }>(template, 'AWS::Lambda::Function', {
    Description: FUNCTIONS[name].description,
  }).properties.Environment.Variables;

const diskGibOf = (template: Template) =>
  only<{ EphemeralStorage?: { SizeInGiB: number } }>(template, 'AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [Match.objectLike({ Name: RECORDER_TASK.containerName })],
  }).properties.EphemeralStorage?.SizeInGiB;

describe('props', () => {
  let several: Template;
  beforeAll(() => {
    several = synthesize(SEVERAL);
  });

  it('records into given buckets, and makes none', () => {
    const { stack } = inStack((scope) => ({
      landingBucket: Bucket.fromBucketName(scope, 'Landing', 'my-landing'),
      libraryBucket: Bucket.fromBucketName(scope, 'Library', 'my-library'),
    }));
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    expect(variablesOf(template, 'relocate')).toMatchObject({
      LANDING_BUCKET: 'my-landing',
      LIBRARY_BUCKET: 'my-library',
    });
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      BucketName: 'my-landing',
      // Others' notifications on the same bucket stay.
      Managed: false,
    });
  });

  it('gives the roles that use a bucket the use of its key, and only those', () => {
    const { stack } = inStack((scope) => ({
      libraryBucket: new Bucket(scope, 'Library', { encryptionKey: new Key(scope, 'Key') }),
    }));
    const template = Template.fromStack(stack);
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).map(
      ({ Properties }) =>
        Properties as {
          readonly Roles: readonly [{ readonly Ref: string }];
          readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | string[] }[] };
        },
    );
    const users = policies.flatMap(({ Roles: [{ Ref: role }], PolicyDocument }) => {
      const actions = PolicyDocument.Statement.flatMap(({ Action }) => Action);
      const ofKey = actions.filter((action) => action.startsWith('kms:'));
      const [, name = 'mergeTask'] = /Functions(\w+)Role/.exec(role) ?? [];
      return ofKey.length === 0 ? [] : [[name, ofKey.join()]];
    });
    // Those that sign links read; only those that move records write.
    const [reads, writes] = ['kms:Decrypt', 'kms:Decrypt,kms:GenerateDataKey'];
    expect(Object.fromEntries(users)).toEqual({
      clips: reads,
      recordings: reads,
      play: reads,
      mergeTask: reads,
      cut: writes,
      relocate: writes,
      reconcile: writes,
    });
  });

  it('tries capacity providers in the given order', () => {
    expect(variablesOf(several, 'launch').CAPACITY_PROVIDERS).toBe('FARGATE_SPOT,FARGATE');
  });

  it('hands the recording defaults to the functions as they are', () => {
    for (const name of ['wcs', 'recordings'] as const) {
      expect(JSON.parse(String(variablesOf(several, name).RECORDING_DEFAULTS))).toEqual(
        SEVERAL.recordingDefaults,
      );
    }
  });

  it('gives a task disk for the spool, where what Fargate includes is not enough', () => {
    const disk = (spoolMaxBytes: number) => diskGibOf(synthesize({ recordingDefaults: { spoolMaxBytes } }));
    expect(disk(18 * GIB)).toBeUndefined();
    expect(diskGibOf(several)).toBe(21);
    expect(disk(198 * GIB)).toBe(200);
  });

  it('makes the task as large as asked, and keeps logs as long', () => {
    several.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '1024', Memory: '2048' });
    several.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 365 });
  });
});

describe('in a stack of one’s own', () => {
  let template: Template;
  beforeAll(() => {
    const { stack, recorder } = inStack((scope) => ({
      alarmTopic: new Topic(scope, 'Topic'),
      vpc: new Vpc(scope, 'Vpc', { natGateways: 1 }),
    }));
    recorder.grantApi(new Role(stack, 'Caller', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }));
    template = Template.fromStack(stack);
  });

  it('tells a topic of alarms', () => {
    const topic = [{ Ref: only<object>(template, 'AWS::SNS::Topic').id }];
    template.allResourcesProperties('AWS::CloudWatch::CompositeAlarm', {
      AlarmActions: topic,
      OKActions: topic,
    });
  });

  it('records in the public subnets of a given VPC', () => {
    template.resourceCountIs('AWS::EC2::VPC', 1);
    expect(readable(variablesOf(template, 'launch').SUBNET_IDS)).toMatch(
      /^<Vpc\w*[Pp]ublic\w*>,<Vpc\w*[Pp]ublic\w*>$/,
    );
  });

  it('lets a role call this API, by grantApi', () => {
    const api = only<object>(template, 'AWS::ApiGatewayV2::Api');
    const { properties } = only<{ PolicyDocument: { Statement: { Resource: unknown }[] } }>(
      template,
      'AWS::IAM::Policy',
      { PolicyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow' }] } },
    );
    expect(readable(properties.PolicyDocument.Statement[0]?.Resource)).toBe(
      `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${api.id}>/*/*/*`,
    );
  });
});

describe('what cannot work fails the synth, in words', () => {
  it('a template: where and why', () => {
    expect(() =>
      synthesize({ recordingDefaults: { names: { fileTemplate: 'stream-{mediaSesionId}' } } }),
    ).toThrow(
      'recordingDefaults: fileTemplate, position 8: unknown element {mediaSesionId}; the nearest known one is {mediaSessionId}',
    );
  });

  it('a setting out of its limits, by name', () => {
    expect(() => synthesize({ recordingDefaults: { partBytes: 1024 } })).toThrow(
      'recordingDefaults.partBytes must be at least 5242880.',
    );
  });

  it('a setting that does not exist', () => {
    const recordingDefaults = { sampleRate: 48_000 } as StreamRecorderProps['recordingDefaults'] & object;
    expect(() => synthesize({ recordingDefaults })).toThrow('recordingDefaults.sampleRate is not known.');
  });

  it('a spool larger than a task can have', () => {
    expect(() => synthesize({ recordingDefaults: { spoolMaxBytes: 198 * GIB + 1 } })).toThrow(
      'recordingDefaults.spoolMaxBytes: a Fargate task has room for at most 198 GiB',
    );
  });

  it('no capacity provider', () => {
    expect(() => synthesize({ capacityProviders: [] })).toThrow('capacityProviders: at least one is needed');
  });

  it('one bucket for both', () => {
    expect(() =>
      inStack((scope) => {
        const bucket = new Bucket(scope, 'Both');
        return { landingBucket: bucket, libraryBucket: bucket };
      }),
    ).toThrow('landing and library must be two buckets');
  });

  it('a VPC without public subnets', () => {
    expect(() =>
      inStack((scope) => ({
        vpc: new Vpc(scope, 'Vpc', {
          subnetConfiguration: [{ name: 'inside', subnetType: SubnetType.PRIVATE_ISOLATED }],
        }),
      })),
    ).toThrow('vpc: recorder tasks need at least one public subnet');
  });
});
