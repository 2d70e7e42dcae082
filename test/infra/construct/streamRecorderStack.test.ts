import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  FUNCTIONS,
  type FunctionSpec,
  QUEUES,
  RECORDER_TASK,
  RELOCATION,
  ROUTES,
} from '../../../infra/wiring.ts';
import { only, readable, synthesize } from './stacks.ts';

const OF_RECORDER = { ContainerDefinitions: [Match.objectLike({ Name: RECORDER_TASK.containerName })] };

let template: Template;
beforeAll(() => {
  template = synthesize();
});

const propertiesOf = (type: string) =>
  Object.values(template.findResources(type)).map(
    (resource) => resource.Properties as Record<string, unknown>,
  );

describe('functions', () => {
  it.each(Object.values<FunctionSpec>(FUNCTIONS))('$name is deployed as the wiring has it', (spec) => {
    const { properties } = only<{
      Environment?: { Variables: Record<string, unknown> };
      LoggingConfig: { LogGroup: { Ref: string } };
    }>(template, 'AWS::Lambda::Function', {
      Description: spec.description,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: spec.timeoutSeconds,
      MemorySize: spec.memoryMb,
      TracingConfig: Match.absent(),
      LoggingConfig: { LogFormat: 'JSON' },
    });
    const variables = properties.Environment?.Variables ?? {};
    // AWS's extension that hands out secrets has settings of its own.
    const ofExtension = /^(PARAMETERS_SECRETS_EXTENSION|SECRETS_MANAGER|SSM_PARAMETER_STORE)_/;
    const own = Object.keys(variables).filter((name) => !ofExtension.test(name));
    expect(own.sort()).toEqual(Object.keys(spec.environment).sort());
    for (const value of Object.values(variables)) expect(readable(value)).not.toBe('');
  });

  it('are all that there are, each with a role of its own', () => {
    const functions = propertiesOf('AWS::Lambda::Function').filter(
      ({ Runtime }) => !String(Runtime).startsWith('python'),
    );
    expect(functions).toHaveLength(Object.keys(FUNCTIONS).length);
    expect(new Set(functions.map(({ Role }) => readable(Role))).size).toBe(functions.length);
  });

  it('are told of the resources of this stack', () => {
    const told = (Description: string) => {
      const { properties } = only<{ Environment: { Variables: Record<string, unknown> } }>(
        template,
        'AWS::Lambda::Function',
        { Description },
      );
      return Object.fromEntries(
        Object.entries(properties.Environment.Variables).map(([name, value]) => [name, readable(value)]),
      );
    };
    const id = (type: string) => only<object>(template, type).id;
    const subnets = Object.keys(template.findResources('AWS::EC2::Subnet'));
    expect(told(FUNCTIONS.wcs.description)).toMatchObject({
      CLUSTER_ARN: `<${id('AWS::ECS::Cluster')}.Arn>`,
      LAUNCH_QUEUE_URL: `<${launchQueue().id}>`,
      RECORDING_DEFAULTS: '{}',
    });
    expect(told(FUNCTIONS.launch.description)).toMatchObject({
      TASK_DEFINITION: `<${only<object>(template, 'AWS::ECS::TaskDefinition', OF_RECORDER).id}>`,
      CONTAINER_NAME: RECORDER_TASK.containerName,
      SUBNET_IDS: subnets.map((subnet) => `<${subnet}>`).join(','),
      SECURITY_GROUP_IDS: `<${id('AWS::EC2::SecurityGroup')}.GroupId>`,
      CAPACITY_PROVIDERS: 'FARGATE',
    });
  });

  it('log into groups that forget', () => {
    const groups = propertiesOf('AWS::Logs::LogGroup');
    // Functions, recorder, what composes merges, access logs.
    expect(groups).toHaveLength(Object.keys(FUNCTIONS).length + 3);
    for (const group of groups) expect(group.RetentionInDays).toBe(30);
  });
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
    for (const bucket of propertiesOf('AWS::S3::Bucket')) {
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
    const versioning = propertiesOf('AWS::S3::Bucket').map(
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
const launchQueue = () =>
  only<object>(template, 'AWS::SQS::Queue', {
    VisibilityTimeout: QUEUES.launch.visibilityTimeoutSeconds,
    RedrivePolicy: Match.absent(),
  });

describe('what functions ask of each other', () => {
  it('comes to the one that is asked', () => {
    const { properties } = only<{ FunctionName: unknown }>(template, 'AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [launchQueue().id, 'Arn'] },
      BatchSize: QUEUES.launch.batchSize,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: QUEUES.launch.maxConcurrency },
    });
    const launch = only<object>(template, 'AWS::Lambda::Function', {
      Description: FUNCTIONS.launch.description,
    });
    expect(readable(properties.FunctionName)).toBe(`<${launch.id}>`);
  });
});

describe('whoever leaves a room', () => {
  it('is told to who makes merges, by the recording alone', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['stream-recorder'],
        'detail-type': ['Recording Finished', 'Recording Failed'],
        detail: { mergeRoom: [true] },
      },
      Targets: [
        Match.objectLike({
          InputTransformer: {
            InputPathsMap: { 'detail-recordingId': '$.detail.recordingId' },
            InputTemplate: '{"version":1,"leftBy":<detail-recordingId>}',
          },
        }),
      ],
    });
  });
});

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

/** Without a secret for hooks there are no routes for them. */
const CALLERS_ROUTES = ROUTES.filter(({ auth }) => auth !== 'hook');
const LINK_KEYS = new Set(
  ROUTES.filter(({ auth }) => auth === 'link').map(({ method, path }) => `${method} ${path}`),
);

describe('the HTTP API', () => {
  it("has the wiring's routes and a default, all signed with IAM but those of links", () => {
    const routes = propertiesOf('AWS::ApiGatewayV2::Route');
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual(
      [...CALLERS_ROUTES.map(({ method, path }) => `${method} ${path}`), '$default'].sort(),
    );
    for (const route of routes)
      expect(route.AuthorizationType).toBe(LINK_KEYS.has(String(route.RouteKey)) ? 'NONE' : 'AWS_IAM');
  });

  it('sends each route to its function, in payload format 2.0', () => {
    for (const route of [...CALLERS_ROUTES, { function: 'notFound', routeKey: '$default' } as const]) {
      const routeKey = 'routeKey' in route ? route.routeKey : `${route.method} ${route.path}`;
      const { properties } = only<{ Target: unknown }>(template, 'AWS::ApiGatewayV2::Route', {
        RouteKey: routeKey,
      });
      const integrationId = readable(properties.Target).replace(/^integrations\/<(.*)>$/, '$1');
      const integration = template.findResources('AWS::ApiGatewayV2::Integration')[integrationId]?.Properties;
      const handler = only<object>(template, 'AWS::Lambda::Function', {
        Description: FUNCTIONS[route.function].description,
      });
      expect(readable(integration.IntegrationUri)).toBe(`<${handler.id}.Arn>`);
      expect(integration.PayloadFormatVersion).toBe('2.0');
    }
  });

  it('is throttled, and logs who asked, but no query and no body', () => {
    const { properties } = only<{ AccessLogSettings: { Format: string } }>(
      template,
      'AWS::ApiGatewayV2::Stage',
      { DefaultRouteSettings: { ThrottlingBurstLimit: 1000, ThrottlingRateLimit: 500 } },
    );
    const fields = Object.values(JSON.parse(properties.AccessLogSettings.Format) as Record<string, string>);
    expect(fields).toContain('$context.identity.userArn');
    for (const field of fields) expect(field).toMatch(/^\$context\.(?!.*(query|header|body|path))/);
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

  it('may write into its spool alone, has no rights in the kernel, and 120 s to stop', () => {
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Volumes: [{ Name: 'spool' }],
      ContainerDefinitions: [
        Match.objectLike({
          Name: RECORDER_TASK.containerName,
          User: '1000:1000',
          ReadonlyRootFilesystem: true,
          Privileged: Match.absent(),
          LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
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
      { Name: 'LAUNCH_QUEUE_URL', Value: { Ref: launchQueue().id } },
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
    const subnets = propertiesOf('AWS::EC2::Subnet');
    expect(subnets.length).toBeGreaterThanOrEqual(2);
    for (const subnet of subnets) expect(subnet.MapPublicIpOnLaunch).toBe(false);
    const routes = propertiesOf('AWS::EC2::Route');
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

describe('the outputs', () => {
  it('say where everything is', () => {
    expect(Object.keys(template.findOutputs('*')).sort()).toEqual([
      'ApiUrl',
      'CallerPolicyArn',
      'ClusterName',
      'ConsoleCommand',
      'DeadLetterQueueArn',
      'EventBusName',
      'LandingBucketName',
      'LibraryBucketName',
    ]);
  });
});
