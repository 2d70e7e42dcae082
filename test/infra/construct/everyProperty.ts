import path from 'node:path';
import { Duration, type Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { StreamRecorderProps } from '../../../infra/construct/streamRecorder.ts';
import { testImage } from './stacks.ts';

/** A certificate in the stack's region. */
export const HERE = 'arn:aws:acm:eu-west-1:111122223333:certificate/1';
export const SCRIPT = path.join(import.meta.dirname, '../migration/fixtures/on_record_hook.sh');

/** Every property there is, and the resources that they name. */
export function everyProperty(
  stack: Stack,
): Required<Omit<StreamRecorderProps, 'landingBucket' | 'libraryBucket'>> {
  const certificate = Certificate.fromCertificateArn(stack, 'Certificate', HERE);
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    publicSubnetIds: ['subnet-public-a', 'subnet-public-b'],
    privateSubnetIds: ['subnet-private-a', 'subnet-private-b'],
  });
  return {
    libraryStorageClass: 'GLACIER_IR',
    libraryKey: Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1'),
    vpc,
    subnets: 'private',
    capacityProviders: ['FARGATE_SPOT', 'FARGATE'],
    recordingDefaults: { audioSampleRateHz: 48_000 },
    limits: { maxConcurrentRecordings: 7 },
    hooks: { secretsSha256: ['a'.repeat(64)] },
    sourceSecrets: ['cameras/*', 'studio'],
    auth: { kind: 'basic', secret: Secret.fromSecretNameV2(stack, 'Callers', 'callers') },
    domain: { name: 'recorder.example.com', certificate },
    corsOrigins: ['https://studio.example'],
    console: true,
    wcsPorts: { vpc, certificate },
    cpuUnits: 512,
    memoryMb: 1_024,
    cpuArchitecture: 'x86_64',
    hosts: { min: 1 },
    merge: { cpuUnits: 2_048, memoryMb: 4_096 },
    image: testImage(),
    onRecord: LambdaFunction.fromFunctionAttributes(stack, 'OnRecord', {
      functionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:mine',
      sameEnvironment: true,
    }),
    onRecordScript: SCRIPT,
    webhooks: [
      { url: 'https://app.example/hooks', secret: Secret.fromSecretNameV2(stack, 'Webhook', 'webhook') },
    ],
    libraryExpiry: Duration.days(400),
    leftoversExpiry: Duration.days(60),
    alarmTopic: Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-west-1:111122223333:oncall'),
    logRetention: RetentionDays.ONE_WEEK,
    tracing: true,
  };
}
