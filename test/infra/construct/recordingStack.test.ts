import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { RECORDER_TASK, RELOCATION } from '../../../infra/wiring.ts';
import {
  appsForTests,
  launchQueueOf,
  OF_RECORDER,
  only,
  propertiesOf,
  readable,
  synthesize,
} from './stacks.ts';

appsForTests();

/** Docker's fourteen, which Fargate gives, without KILL, SETGID and SETUID. */
const DROPPED_CAPABILITIES = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD'],
  ...['NET_BIND_SERVICE', 'NET_RAW', 'SETFCAP', 'SETPCAP', 'SYS_CHROOT'],
];

let template: Template;
beforeAll(() => {
  template = synthesize();
});

describe('buckets', () => {
  it('are encrypted, private, and kept', () => {
    template.resourceCountIs('AWS::S3::Bucket', 2);
    template.allResources('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: Match.objectLike({
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      }),
    });
  });

  it('refuse what does not come over TLS', () => {
    template.resourceCountIs('AWS::S3::BucketPolicy', 2);
    template.allResourcesProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Principal: { AWS: '*' },
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      }),
    });
  });

  it('give up abandoned uploads after a week', () => {
    for (const bucket of propertiesOf(template, 'AWS::S3::Bucket')) {
      expect(bucket.LifecycleConfiguration).toEqual({
        Rules: expect.arrayContaining([
          {
            Id: 'AbortUnfinishedUploads',
            Status: 'Enabled',
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          },
        ]),
      });
    }
  });

  it('version the library, never landing', () => {
    const versioning = propertiesOf(template, 'AWS::S3::Bucket').map(
      ({ VersioningConfiguration }) => VersioningConfiguration,
    );
    expect(versioning).toHaveLength(2);
    expect(versioning).toContainEqual({ Status: 'Enabled' });
    expect(versioning).toContain(undefined);
  });
});

/** It keeps messages longest, and is no place of events. */
const deadLetterQueue = () => {
  const queues = template.findResources('AWS::SQS::Queue', {
    Properties: { MessageRetentionPeriod: 14 * 24 * 3_600, VisibilityTimeout: Match.absent() },
  });
  const [id, ...others] = Object.keys(queues).filter((one) => !one.includes('NotDelivered'));
  if (id === undefined || others.length > 0) throw new Error('one dead-letter queue is expected');
  return { id };
};

describe('the way from landing to library', () => {
  it("goes from the landing bucket's records to the queue", () => {
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      BucketName: { Ref: Match.stringLikeRegexp('Landing') },
      NotificationConfiguration: {
        QueueConfigurations: [
          {
            Events: ['s3:ObjectCreated:*'],
            Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: RELOCATION.prefix }] } },
            QueueArn: {
              'Fn::GetAtt': [only<object>(template, 'AWS::SQS::Queue', { RedrivePolicy: {} }).id, 'Arn'],
            },
          },
        ],
      },
    });
  });

  it('ends in a dead-letter queue after several tries', () => {
    const { properties } = only<{ RedrivePolicy: { deadLetterTargetArn: unknown; maxReceiveCount: number } }>(
      template,
      'AWS::SQS::Queue',
      { RedrivePolicy: {}, VisibilityTimeout: RELOCATION.visibilityTimeoutSeconds },
    );
    const deadLetters = deadLetterQueue();
    expect(properties.RedrivePolicy.maxReceiveCount).toBe(RELOCATION.maxReceiveCount);
    expect(readable(properties.RedrivePolicy.deadLetterTargetArn)).toBe(`<${deadLetters.id}.Arn>`);
  });

  it('is encrypted and TLS only in all queues', () => {
    template.resourceCountIs('AWS::SQS::Queue', 7);
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
    template.resourceCountIs('AWS::SQS::QueuePolicy', 7);
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 'sqs:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      }),
    });
  });

  it('reports the messages of a batch that failed', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: RELOCATION.batchSize,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 100 },
    });
  });

  it('raises an alarm for the first record that is not moved', () => {
    const deadLetters = deadLetterQueue();
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [deadLetters.id, 'QueueName'] } }],
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Threshold: 1,
    });
  });
});

describe('the recorder task', () => {
  interface Container {
    readonly Environment: { readonly Name: string; readonly Value: unknown }[];
  }
  it('is arm64 Fargate of the size in the wiring', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      Cpu: String(RECORDER_TASK.cpuUnits),
      Memory: String(RECORDER_TASK.memoryMb),
      EphemeralStorage: Match.absent(),
    });
  });

  it('may write into its spool alone, three of the capabilities that Docker gives, and 120 s to stop', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Volumes: [{ Name: 'spool' }],
      ContainerDefinitions: [
        Match.objectLike({
          Name: RECORDER_TASK.containerName,
          // The image's own.
          User: Match.absent(),
          ReadonlyRootFilesystem: true,
          Privileged: Match.absent(),
          LinuxParameters: { Capabilities: { Drop: DROPPED_CAPABILITIES, Add: Match.absent() } },
          MountPoints: [{ ContainerPath: '/spool', ReadOnly: false, SourceVolume: 'spool' }],
          StopTimeout: 120,
          LogConfiguration: {
            LogDriver: 'awslogs',
            Options: Match.objectLike({ mode: 'non-blocking', 'max-buffer-size': '4194304b' }),
          },
          PortMappings: Match.absent(),
        }),
      ],
    });
  });

  it('has no secret in its environment', () => {
    const { properties } = only<{ ContainerDefinitions: [Container & { Secrets?: unknown }] }>(
      template,
      'AWS::ECS::TaskDefinition',
      OF_RECORDER,
    );
    const [container] = properties.ContainerDefinitions;
    const bus = only<object>(template, 'AWS::Events::EventBus');
    expect(container.Secrets).toBeUndefined();
    expect(container.Environment).toEqual([
      { Name: 'EVENT_BUS_NAME', Value: { Ref: bus.id } },
      { Name: 'LAUNCH_QUEUE_URL', Value: { Ref: launchQueueOf(template).id } },
      { Name: 'MALLOC_MMAP_THRESHOLD_', Value: '524288' },
      { Name: 'SPOOL_DIR', Value: '/spool' },
    ]);
  });

  it('runs in a cluster that can use Spot and shows its figures', () => {
    template.hasResourceProperties('AWS::ECS::ClusterCapacityProviderAssociations', {
      CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
    });
    template.hasResourceProperties('AWS::ECS::Cluster', {
      ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
    });
  });
});

describe('the network', () => {
  it('has public subnets without NAT, and S3 by a gateway endpoint', () => {
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    const subnets = propertiesOf(template, 'AWS::EC2::Subnet');
    expect(subnets.length).toBeGreaterThanOrEqual(2);
    for (const subnet of subnets) expect(subnet.MapPublicIpOnLaunch).toBe(false);
    const routes = propertiesOf(template, 'AWS::EC2::Route');
    expect(routes).toHaveLength(subnets.length);
    for (const route of routes) expect(route.GatewayId).toBeDefined();
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      VpcEndpointType: 'Gateway',
      ServiceName: { 'Fn::Join': ['', Match.arrayWith(['.s3'])] },
    });
  });

  it('lets nobody in', () => {
    template.resourceCountIs('AWS::EC2::SecurityGroup', 1);
    template.hasResourceProperties('AWS::EC2::SecurityGroup', { SecurityGroupIngress: Match.absent() });
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });
});
