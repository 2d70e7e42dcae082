import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { FUNCTIONS, type FunctionSpec, QUEUES, RECORDER_TASK, ROUTES } from '../../../infra/wiring.ts';
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

let template: Template;
beforeAll(() => {
  template = synthesize();
});

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
    const functions = propertiesOf(template, 'AWS::Lambda::Function').filter(
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
      LAUNCH_QUEUE_URL: `<${launchQueueOf(template).id}>`,
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
    const groups = propertiesOf(template, 'AWS::Logs::LogGroup');
    // Functions, recorder, what composes merges, access logs.
    expect(groups).toHaveLength(Object.keys(FUNCTIONS).length + 3);
    for (const group of groups) expect(group.RetentionInDays).toBe(30);
  });
});

describe('what functions ask of each other', () => {
  it('comes to the one that is asked', () => {
    const { properties } = only<{ FunctionName: unknown }>(template, 'AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [launchQueueOf(template).id, 'Arn'] },
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

/** Without a secret for hooks there are no routes for them. */
const CALLERS_ROUTES = ROUTES.filter(({ auth }) => auth !== 'hook');
const LINK_KEYS = new Set(
  ROUTES.filter(({ auth }) => auth === 'link').map(({ method, path }) => `${method} ${path}`),
);

describe('the HTTP API', () => {
  it("has the wiring's routes and a default, all signed with IAM but those of links", () => {
    const routes = propertiesOf(template, 'AWS::ApiGatewayV2::Route');
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
