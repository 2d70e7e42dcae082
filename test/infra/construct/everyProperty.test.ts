import { Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AwsSolutionsChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { RECORDING_METRICS } from '../../../functions/core/metrics/recordingMetrics.ts';
import { OWN_METRICS } from '../../../infra/construct/metrics.ts';
import { QUERIES } from '../../../infra/construct/queries.ts';
import { StreamRecorder, type StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import { everyProperty, HERE } from './everyProperty.ts';
import { appsForTests, only, propertiesOf, testApp, testImage } from './stacks.ts';
import { WRONG } from './wrongProperties.ts';

appsForTests();

const ENV = { account: '111122223333', region: 'eu-west-1' };

describe('a deployment with every property', () => {
  let template: Template;
  let recorder: StreamRecorder;
  beforeAll(() => {
    const app = testApp();
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    const stack = new Stack(app, 'Test', { env: ENV });
    recorder = new StreamRecorder(stack, 'Recorder', everyProperty(stack));
    // Throws where cdk-nag finds what nobody has acknowledged.
    app.synth();
    template = Template.fromStack(stack);
  });

  it('runs recorders and hosts of that architecture in the private subnets, without public addresses', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::ECS::TaskDefinition'))) {
      expect(Properties.RuntimePlatform.CpuArchitecture).toBe('X86_64');
    }
    const subnets = ['subnet-private-a', 'subnet-private-b'];
    template.hasResourceProperties('AWS::ECS::Service', {
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED', Subnets: subnets } },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({ SUBNET_IDS: subnets.join(), ASSIGN_PUBLIC_IP: 'DISABLED' }),
      },
    });
  });

  it('answers under its own name, and says what a DNS record has to lead to', () => {
    const { id } = only<object>(template, 'AWS::ApiGatewayV2::DomainName', {
      DomainName: 'recorder.example.com',
      DomainNameConfigurations: [Match.objectLike({ CertificateArn: HERE, EndpointType: 'REGIONAL' })],
    });
    template.hasResourceProperties('AWS::ApiGatewayV2::ApiMapping', { DomainName: { Ref: id } });
    expect(recorder.apiUrl).toBe('https://recorder.example.com/');
    expect(Stack.of(recorder).resolve(recorder.domainTarget)).toEqual({
      'Fn::GetAtt': [id, 'RegionalDomainName'],
    });
  });

  it('shows on one page all that it says of itself, and saves what is asked first over all of its logs', () => {
    const body = JSON.stringify(propertiesOf(template, 'AWS::CloudWatch::Dashboard'));
    const own = Object.values(OWN_METRICS).flatMap((one) => (one instanceof Metric ? one.metricName : []));
    const others = ['CpuReserved', 'ApproximateAgeOfOldestMessage', 'Throttles', '5xx'];
    expect(own.length).toBeGreaterThan(11);
    for (const name of [...own, ...others, RECORDING_METRICS.startLatencyMs]) expect(body).toContain(name);
    const queries = propertiesOf(template, 'AWS::Logs::QueryDefinition');
    expect(queries).toHaveLength(Object.keys(QUERIES).length);
    const logs = Object.keys(template.findResources('AWS::Logs::LogGroup')).length;
    for (const { LogGroupNames } of queries) expect(LogGroupNames).toHaveLength(logs);
  });

  it('traces every function of its own, which may write traces and no more of X-Ray', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function')).filter(
      ({ Properties }) => Properties.Runtime === 'nodejs24.x',
    );
    expect(functions.length).toBeGreaterThan(14);
    for (const { Properties } of functions) expect(Properties.TracingConfig).toEqual({ Mode: 'Active' });
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(new Set(policies.match(/xray:\w+/g))).toEqual(
      new Set(['xray:PutTraceSegments', 'xray:PutTelemetryRecords']),
    );
  });

  it('lets recorders and hosts alone read the secrets of sources, and no other secret', () => {
    const readers = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) => {
      const statements = JSON.stringify(Properties.PolicyDocument.Statement);
      return statements.includes(':secret:cameras/*')
        ? [{ roles: JSON.stringify(Properties.Roles), statements }]
        : [];
    });
    expect(readers.map(({ roles }) => /TaskRole/.test(roles))).toEqual([true, true]);
    for (const { statements } of readers) {
      expect(statements).toContain(':secret:studio-??????');
      expect(statements.match(/secretsmanager:[A-Z]\w+/g)).toEqual(['secretsmanager:GetSecretValue']);
    }
  });

  it('tells the functions what callers may spend', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          RECORDING_LIMITS: JSON.stringify({
            maxConcurrentRecordings: 7,
            maxDurationMs: 30 * 24 * 3_600_000,
          }),
        }),
      },
    });
  });
});

describe('what cannot be is refused at synth, by its property', () => {
  const synthesized = (propsOf: (stack: Stack) => unknown) => () => {
    const stack = new Stack(testApp(), 'Test', { env: ENV });
    new StreamRecorder(stack, 'Recorder', {
      image: testImage(),
      ...(propsOf(stack) as StreamRecorderProps),
    });
  };

  it.each(WRONG)('%s', (message, propsOf) => {
    expect(synthesized(propsOf)).toThrow(message);
  });

  it('has a case for every property there is', () => {
    const stack = new Stack(testApp(), 'Test', { env: ENV });
    const names = ['landingBucket', 'libraryBucket', ...Object.keys(everyProperty(stack))];
    const held = new Set(WRONG.map(([message]) => /^\w+/.exec(message)?.[0]));
    expect(names.filter((name) => !held.has(name))).toEqual([]);
  });
});
