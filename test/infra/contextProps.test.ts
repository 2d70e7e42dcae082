import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { readContextProps, recorderProps } from '../../infra/contextProps.ts';
import { StreamRecorderStack } from '../../infra/streamRecorderStack.ts';
import { appsForTests, testApp, testImage } from './construct/stacks.ts';

appsForTests();

const TOPIC = 'arn:aws:sns:eu-west-1:111122223333:oncall';
const ALL = {
  landingBucketName: 'my-landing',
  libraryBucketName: 'my-library',
  libraryStorageClass: 'STANDARD_IA',
  libraryKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1',
  capacityProviders: ['FARGATE_SPOT', 'FARGATE'],
  recordingDefaults: { audioSampleRateHz: 48_000 },
  limits: { maxConcurrentRecordings: 50, maxDurationMs: 3_600_000 },
  hooks: { secretsSha256: ['a'.repeat(64)] },
  sourceSecrets: ['cameras/*'],
  auth: { kind: 'basic', secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:api-AbCdEf' },
  corsOrigins: ['https://studio.example'],
  console: true,
  domain: {
    name: 'recorder.example.com',
    certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1',
  },
  onRecordArn: 'arn:aws:lambda:eu-west-1:111122223333:function:mine',
  subnets: 'public',
  cpuArchitecture: 'x86_64',
  cpuUnits: 512,
  memoryMb: 1024,
  hosts: { min: 1, max: 3, cpuUnits: 2048, memoryMb: 4096, maxRecordings: 60 },
  merge: { cpuUnits: 8192, memoryMb: 16_384 },
  webhooks: [
    {
      url: 'https://hooks.example/recordings',
      secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:hook-AbCdEf',
      events: ['Record Available'],
    },
  ],
  imageUri: 'public.ecr.aws/x/recorder@sha256:1',
  alarmTopicArn: TOPIC,
  logRetentionDays: 90,
  tracing: true,
} as const;

function templateOf(context: unknown): Template {
  const props = readContextProps(context);
  const recorder = (scope: Stack) => ({ image: testImage(), ...recorderProps(scope, props) });
  return Template.fromStack(new StreamRecorderStack(testApp(), 'Test', { recorder }));
}

describe('the context key streamRecorder', () => {
  it('is the same as JSON, as -c gives it', () => {
    expect(readContextProps(JSON.stringify(ALL))).toEqual(readContextProps(ALL));
  });

  it('says every property', () => {
    const template = templateOf(ALL);
    template.resourceCountIs('AWS::S3::Bucket', 0);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '512', Memory: '1024' });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: '8192', Memory: '16384' });
    template.hasResourceProperties('AWS::ApiGatewayV2::DomainName', { DomainName: ALL.domain.name });
    template.hasResourceProperties('AWS::Events::Rule', {
      Targets: [Match.objectLike({ Arn: ALL.onRecordArn })],
    });
    template.hasResourceProperties('AWS::CloudWatch::CompositeAlarm', { AlarmActions: [TOPIC] });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
    template.hasResourceProperties('AWS::Lambda::Function', { TracingConfig: { Mode: 'Active' } });
    const functions = JSON.stringify(template.findResources('AWS::Lambda::Function'));
    for (const value of ['my-landing', 'my-library', 'STANDARD_IA', 'FARGATE_SPOT,FARGATE', '48000']) {
      expect(functions).toContain(value);
    }
  });

  it('may be missing', () => {
    templateOf(undefined).resourceCountIs('AWS::S3::Bucket', 2);
  });

  it('makes buckets expire', () => {
    const rules = JSON.stringify(
      templateOf({ libraryExpiryDays: 400, leftoversExpiryDays: 31 }).findResources('AWS::S3::Bucket'),
    );
    expect(rules).toContain('"ExpirationInDays":400');
    expect(rules).toContain('"ExpirationInDays":31');
  });

  it.each([
    [{ rotation: 60 }, 'streamRecorder.rotation'],
    [{ cpuUnits: '256' }, 'streamRecorder.cpuUnits'],
    [{ capacityProviders: ['EC2'] }, 'streamRecorder.capacityProviders.0'],
    [{ auth: { kind: 'basic' } }, 'streamRecorder.auth.secretArn is missing'],
    [{ auth: { kind: 'cookie' } }, 'streamRecorder.auth.kind'],
    [{ alarmTopicArn: 'oncall' }, 'streamRecorder.alarmTopicArn must be an ARN'],
    [{ logRetentionDays: 31 }, "streamRecorder.logRetentionDays must be one of CloudWatch's: 1, 3, 5"],
    [{ subnets: 'inside' }, 'streamRecorder.subnets must be one of public, private, isolated'],
    [{ domain: { name: 'x.example' } }, 'streamRecorder.domain.certificateArn is missing'],
    [{ onRecordScript: { largerRecords: 'link' } }, 'streamRecorder.onRecordScript'],
    [
      { wcsPorts: { certificateArn: ALL.domain.certificateArn, clients: ['10.0.0.1'] } },
      'streamRecorder.wcsPorts.clients.0 must be a CIDR, such as 198.51.100.0/24',
    ],
    [{ vpcId: 'main' }, 'streamRecorder.vpcId must be a VPC'],
    [{ recordingDefaults: { partBytes: 5 } }, 'streamRecorder.recordingDefaults.partBytes must be at least'],
    [{ limits: { maxConcurrentRecordings: 0 } }, 'streamRecorder.limits.maxConcurrentRecordings must be'],
    [{ hooks: { secrets: [] } }, 'streamRecorder.hooks.secrets'],
    ['{', 'streamRecorder: is not JSON'],
    [[], 'streamRecorder'],
  ])('%j is refused, and the message begins with what is wrong', (context, start) => {
    expect(() => readContextProps(context)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(start) }),
    );
  });

  it('needs a VPC for the ports of WCS', () => {
    const context = { wcsPorts: { certificateArn: ALL.domain.certificateArn } };
    expect(() => templateOf(context)).toThrow('streamRecorder.wcsPorts needs streamRecorder.vpcId');
  });

  it('is documented, property by property', () => {
    const text = readFileSync(path.resolve(import.meta.dirname, '../../docs/deploy.md'), 'utf8');
    const documented = [...text.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    const known = [
      'vpcId',
      'wcsPorts',
      'onRecordScript',
      'libraryExpiryDays',
      'leftoversExpiryDays',
      ...Object.keys(ALL),
    ];
    expect(documented.sort()).toEqual(known.sort());
  });
});
