import { Duration, type Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { HERE, SCRIPT } from './everyProperty.ts';

const JWT = { kind: 'jwt', issuer: 'https://login.example.com/', audience: ['recorder'] } as const;

const bucketIn = (stack: Stack, region: string) =>
  Bucket.fromBucketAttributes(stack, 'Bucket', { bucketName: 'mine', region });

/** Properties that cannot be, and what is said of them; a message begins with the property's name. */
export const WRONG: readonly (readonly [message: string, propsOf: (stack: Stack) => unknown])[] = [
  ['recordingDefault: is no property of StreamRecorder', () => ({ recordingDefault: {} })],
  [
    'capacityProviders: must be one of FARGATE, FARGATE_SPOT, and is EC2',
    () => ({ capacityProviders: ['EC2'] }),
  ],
  ['capacityProviders: each may be there once', () => ({ capacityProviders: ['FARGATE', 'FARGATE'] })],
  ['libraryStorageClass: must be one of STANDARD, ', () => ({ libraryStorageClass: 'GLACIER' })],
  ['cpuArchitecture: must be one of arm64, x86_64, and is arm', () => ({ cpuArchitecture: 'arm' })],
  ['cpuUnits: Fargate has 256, 512, 1024', () => ({ cpuUnits: 300 })],
  [
    'memoryMb: for 512 CPU units Fargate has 1024 to 4096, in steps of 1024 MiB, such as 1024, and it is 512',
    () => ({ cpuUnits: 512 }),
  ],
  ['memoryMb: for 256 CPU units Fargate has 512, 1024 or 2048 MiB', () => ({ memoryMb: 1_536 })],
  ['hosts.memoryMb: for 2048 CPU units', () => ({ hosts: { cpuUnits: 2_048 } })],
  ['merge.cpuUnits: Fargate has 256, 512, 1024', () => ({ merge: { cpuUnits: 4 } })],
  ['merge.cpu: is no property of merge; it has cpuUnits, memoryMb', () => ({ merge: { cpu: 2_048 } })],
  ['limits.maxConcurrentRecordings must be at least', () => ({ limits: { maxConcurrentRecordings: 0 } })],
  [
    'recordingDefaults: maxDurationMs must be at most 60 seconds',
    () => ({ limits: { maxDurationMs: 60_000 }, recordingDefaults: { maxDurationMs: 60_001 } }),
  ],
  ['auth.kind: must be one of iam, jwt, basic, none', () => ({ auth: { kind: 'cookie' } })],
  [
    'auth.issuer: must be an https URL, such as https://login.example.com/',
    () => ({ auth: { kind: 'jwt', issuer: 'login.example.com', audience: ['recorder'] } }),
  ],
  ['console: needs auth of kind jwt, basic or none', () => ({ console: true })],
  ['console: needs auth.signIn where auth is of kind jwt', () => ({ console: true, auth: JWT })],
  [
    'auth.signIn.scope: must have openid in it',
    () => ({ auth: { ...JWT, signIn: { clientId: 'c', scope: 'profile' } } }),
  ],
  [
    'auth.signIn.origins: each must be an https origin',
    () => ({ auth: { ...JWT, signIn: { clientId: 'c', origins: ['https://a.example/token'] } } }),
  ],
  ['auth.signIn.clientID: is no property', () => ({ auth: { ...JWT, signIn: { clientID: 'c' } } })],
  [
    "landingBucket: must be in the stack's region, eu-west-1",
    (stack) => ({ landingBucket: bucketIn(stack, 'us-east-1') }),
  ],
  [
    'landingBucket: must not be versioned',
    (stack) => ({ landingBucket: new Bucket(stack, 'B', { versioned: true }) }),
  ],
  [
    "libraryKey: must be in the stack's region",
    (stack) => ({ libraryKey: Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:111122223333:key/1') }),
  ],
  [
    "alarmTopic: must be in the stack's region, eu-west-1, and is in us-east-1",
    (stack) => ({ alarmTopic: Topic.fromTopicArn(stack, 'T', 'arn:aws:sns:us-east-1:111122223333:x') }),
  ],
  [
    'corsOrigins: each must be an origin, such as https://studio.example, or *, and "studio.example" is none',
    () => ({ corsOrigins: ['https://a.example', 'studio.example'] }),
  ],
  ['and "https://studio.example/" is none', () => ({ corsOrigins: ['https://studio.example/'] })],
  [
    'logRetention: must be one of RetentionDays, such as RetentionDays.ONE_MONTH (30), and is 10',
    () => ({ logRetention: 10 }),
  ],
  ['hosts.mn: is no property of hosts; it has min, max, ', () => ({ hosts: { mn: 2 } })],
  [
    'domain.cert: is no property of domain; it has name, certificate',
    () => ({ domain: { name: 'x.example', cert: HERE } }),
  ],
  [
    'sourceSecrets.0 must be the name of a secret of Secrets Manager, such as cameras/lobby or cameras/*',
    () => ({ sourceSecrets: ['cameras/*/1'] }),
  ],
  ['subnets: private needs a vpc', () => ({ subnets: 'private' })],
  [
    'vpc: recorder tasks need at least one private subnet (with a route to a NAT',
    (stack) => ({ subnets: 'private', vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }) }),
  ],
  [
    'domain.name: must be a host name in lower case, such as recorder.example.com, and is "https://x.example"',
    (stack) => ({
      domain: {
        name: 'https://x.example',
        certificate: Certificate.fromCertificateArn(stack, 'C', HERE),
      },
    }),
  ],
  [
    "domain.certificate: must be in the stack's region",
    (stack) => ({
      domain: {
        name: 'x.example',
        certificate: Certificate.fromCertificateArn(stack, 'C', HERE.replace('eu-west-1', 'us-east-1')),
      },
    }),
  ],
  ['onRecordScript: there is no file', () => ({ onRecordScript: './nowhere.sh' })],
  [
    'libraryBucket: landing and library must be two buckets',
    (stack) => {
      const both = bucketIn(stack, 'eu-west-1');
      return { landingBucket: both, libraryBucket: both };
    },
  ],
  ['hooks.secretsSha256.0 must be a SHA-256 in lower-case hex', () => ({ hooks: { secretsSha256: ['x'] } })],
  [
    'hooks.sources.live: sourceSecret is no secret that this deployment may read: see sourceSecrets; it has cameras/*',
    () => ({
      sourceSecrets: ['cameras/*'],
      hooks: { sources: { live: { sourceUrl: 'rtsp://{key}@h.example/1', sourceSecret: 'studio' } } },
    }),
  ],
  [
    "hooks.sources.live.sourceUrl must say where the secret's values go",
    () => ({ hooks: { sources: { live: { sourceUrl: 'rtsp://h.example/1', sourceSecret: 'studio' } } } }),
  ],
  [
    'hooks: is too long by',
    () => ({ hooks: { secretsSha256: Array.from({ length: 80 }, (_, n) => String(n).padStart(64, '0')) } }),
  ],
  ['console: must be true or false, and is "yes"', () => ({ console: 'yes' })],
  ['tracing: must be true or false, and is 1', () => ({ tracing: 1 })],
  [
    'image: must be a ContainerImage, such as ContainerImage.fromRegistry(\'…@sha256:…\'), and is "mine"',
    () => ({ image: 'mine' }),
  ],
  ['onRecord: must be a function, such as', () => ({ onRecord: 'arn:aws:lambda:eu-west-1:1:function:f' })],
  [
    "onRecord: must be in the stack's region, eu-west-1, and is in us-east-1",
    (stack) => ({
      onRecord: LambdaFunction.fromFunctionArn(stack, 'F', 'arn:aws:lambda:us-east-1:1:function:f'),
    }),
  ],
  [
    'onRecordScript.temporaryMb: must be from 512 to 10240, such as 10240, and is 1',
    () => ({ onRecordScript: { script: SCRIPT, temporaryMb: 1 } }),
  ],
  [
    'webhooks.0.url',
    (stack) => ({
      webhooks: [{ url: 'http://h.example', secret: Secret.fromSecretNameV2(stack, 'S', 's') }],
    }),
  ],
  [
    'wcsPorts.auth: basic or none is needed',
    (stack) => {
      const certificate = Certificate.fromCertificateArn(stack, 'C', HERE);
      return { wcsPorts: { vpc: new Vpc(stack, 'Vpc'), certificate } };
    },
  ],
  [
    'libraryExpiry: must be whole days, at least 1 days, such as Duration.days(400), and is 0.5',
    () => ({ libraryExpiry: Duration.hours(12) }),
  ],
  ['leftoversExpiry: must be whole days, at least 30 days', () => ({ leftoversExpiry: Duration.days(7) })],
];
