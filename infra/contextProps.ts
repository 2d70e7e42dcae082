import { Duration } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type IVpc, Peer, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import * as z from 'zod/mini';
import { parseInput } from '../functions/core/api/validation.ts';
import { hookSettingsSchema } from '../functions/core/hooks/settings.ts';
import { recordingLimitsSchema } from '../functions/core/settings/limits.ts';
import { settingsOverridesSchema } from '../functions/core/settings/settings.ts';
import { webhookSchema } from '../functions/core/webhooks/settings.ts';
import type { ApiAuth } from './construct/apiAuth.ts';
import { CAPACITY_PROVIDERS } from './construct/hosts.ts';
import { SUBNET_KINDS } from './construct/network.ts';
import { CPU_ARCHITECTURES } from './construct/recorderTaskDefinition.ts';
import type { StreamRecorderProps } from './construct/streamRecorder.ts';
import { LIBRARY_STORAGE_CLASSES } from './construct/streamRecorderProps.ts';
import type { WcsPortsProps } from './construct/wcsPorts.ts';

const CIDR = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;

/** The context key of the stock app: in `cdk.json`, or as JSON after `-c streamRecorder=`. */
export const CONTEXT_KEY = 'streamRecorder';

const optional = z.exactOptional;
const text = z.string().check(z.minLength(1));
const arn = z.string().check(z.regex(/^arn:[^:]+:[^:]+:/, 'must be an ARN, such as arn:aws:sns:eu-west-1:…'));
const days = z.int().check(z.positive());
const LOG_RETENTION_DAYS = Object.values(RetentionDays).filter((value): value is RetentionDays => {
  return typeof value === 'number' && value !== RetentionDays.INFINITE;
});

const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['iam', 'none']) }),
  z.strictObject({
    kind: z.literal('jwt'),
    issuer: text,
    audience: z.array(text),
    signIn: optional(
      z.strictObject({ clientId: text, scope: optional(text), origins: optional(z.array(text)) }),
    ),
  }),
  z.strictObject({ kind: z.literal('basic'), secretArn: arn }),
]);

/** The construct's properties as far as JSON can say them: resources by name or ARN, durations in days. */
const contextSchema = z.strictObject({
  landingBucketName: optional(text),
  libraryBucketName: optional(text),
  libraryStorageClass: optional(z.enum(LIBRARY_STORAGE_CLASSES)),
  libraryKeyArn: optional(arn),
  domain: optional(z.strictObject({ name: text, certificateArn: arn })),
  subnets: optional(z.enum(SUBNET_KINDS)),
  cpuArchitecture: optional(z.enum(CPU_ARCHITECTURES)),
  wcsPorts: optional(
    z.strictObject({
      certificateArn: arn,
      /** CIDRs that reach the ports. */
      clients: optional(z.array(z.string().check(z.regex(CIDR, 'must be a CIDR, such as 198.51.100.0/24')))),
      internetFacing: optional(z.boolean()),
    }),
  ),
  vpcId: optional(z.string().check(z.regex(/^vpc-[0-9a-f]+$/, 'must be a VPC, such as vpc-0a1b2c3d'))),
  capacityProviders: optional(z.array(z.enum(CAPACITY_PROVIDERS)).check(z.minLength(1))),
  recordingDefaults: optional(settingsOverridesSchema),
  limits: optional(recordingLimitsSchema),
  hooks: optional(hookSettingsSchema),
  sourceSecrets: optional(z.array(text)),
  auth: optional(authSchema),
  corsOrigins: optional(z.array(text)),
  console: optional(z.boolean()),
  cpuUnits: optional(z.int()),
  memoryMb: optional(z.int()),
  hosts: optional(
    z.strictObject({
      min: optional(z.int()),
      max: optional(z.int()),
      cpuUnits: optional(z.int()),
      memoryMb: optional(z.int()),
      maxRecordings: optional(z.int()),
    }),
  ),
  merge: optional(z.strictObject({ cpuUnits: optional(z.int()), memoryMb: optional(z.int()) })),
  /** An image that was published elsewhere. */
  imageUri: optional(text),
  webhooks: optional(z.array(z.extend(webhookSchema, { secretArn: arn }))),
  /** A function of this account and region, called for each record. */
  onRecordArn: optional(arn),
  onRecordScript: optional(
    z.union([
      text,
      z.strictObject({
        script: text,
        temporaryMb: optional(z.int()),
        largerRecords: optional(z.enum(['fail', 'link'])),
      }),
    ]),
  ),
  libraryExpiryDays: optional(days),
  leftoversExpiryDays: optional(days),
  alarmTopicArn: optional(arn),
  logRetentionDays: optional(
    z
      .int()
      .check(
        z.refine(
          (value) => LOG_RETENTION_DAYS.some((one) => one === value),
          `must be one of CloudWatch's: ${LOG_RETENTION_DAYS.join(', ')}`,
        ),
      ),
  ),
  tracing: optional(z.boolean()),
});
export type ContextProps = z.infer<typeof contextSchema>;

/**
 * What the stock app's context says.
 * @param value an object, or JSON as `-c` gives it; undefined: all at its default
 * @throws Error naming the property and the rule
 */
export function readContextProps(value: unknown): ContextProps {
  return parseInput(contextSchema, typeof value === 'string' ? parseJson(value) : (value ?? {}), CONTEXT_KEY);
}

/** The construct's properties that the context stands for. @param scope of the resources that are looked up */
export function recorderProps(scope: Construct, context: ContextProps): StreamRecorderProps {
  const {
    landingBucketName,
    libraryBucketName,
    libraryKeyArn,
    vpcId,
    domain,
    wcsPorts,
    onRecordArn,
    auth,
    imageUri,
    libraryExpiryDays,
    leftoversExpiryDays,
    alarmTopicArn,
    logRetentionDays,
    webhooks,
    ...same
  } = context;
  const given = <T, Props>(value: T | undefined, props: (value: T) => Props): Props | object =>
    value === undefined ? {} : props(value);
  const vpc = vpcId === undefined ? undefined : Vpc.fromLookup(scope, 'Vpc', { vpcId });
  const certificate = (id: string, its: string) => Certificate.fromCertificateArn(scope, id, its);
  return {
    ...same,
    ...given(landingBucketName, (name) => ({ landingBucket: Bucket.fromBucketName(scope, 'Landing', name) })),
    ...given(libraryBucketName, (name) => ({ libraryBucket: Bucket.fromBucketName(scope, 'Library', name) })),
    ...given(libraryKeyArn, (keyArn) => ({ libraryKey: Key.fromKeyArn(scope, 'LibraryKey', keyArn) })),
    ...given(vpc, (found) => ({ vpc: found })),
    ...given(domain, ({ name, certificateArn }) => ({
      domain: { name, certificate: certificate('DomainCertificate', certificateArn) },
    })),
    ...given(wcsPorts, (ports) => ({ wcsPorts: wcsPortsProps(ports, scope, vpc) })),
    ...given(onRecordArn, (functionArn) => ({
      onRecord: LambdaFunction.fromFunctionAttributes(scope, 'OnRecord', {
        functionArn,
        sameEnvironment: true,
      }),
    })),
    ...given(auth, (chosen) => ({ auth: apiAuth(scope, chosen) })),
    ...given(webhooks, (endpoints) => ({
      webhooks: endpoints.map(({ secretArn, ...webhook }, index) => ({
        ...webhook,
        secret: Secret.fromSecretCompleteArn(scope, `Webhook${index}Secret`, secretArn),
      })),
    })),
    ...given(imageUri, (uri) => ({ image: ContainerImage.fromRegistry(uri) })),
    ...given(libraryExpiryDays, (expiry) => ({ libraryExpiry: Duration.days(expiry) })),
    ...given(leftoversExpiryDays, (expiry) => ({ leftoversExpiry: Duration.days(expiry) })),
    ...given(alarmTopicArn, (topicArn) => ({
      alarmTopic: Topic.fromTopicArn(scope, 'AlarmTopic', topicArn),
    })),
    ...given(logRetentionDays, (logRetention) => ({ logRetention })),
  };
}

/** @throws Error without a VPC: where the load balancer lives has to be said */
function wcsPortsProps(
  { certificateArn, clients, internetFacing }: NonNullable<ContextProps['wcsPorts']>,
  scope: Construct,
  vpc: IVpc | undefined,
): WcsPortsProps {
  if (vpc === undefined) {
    throw new Error(`${CONTEXT_KEY}.wcsPorts needs ${CONTEXT_KEY}.vpcId, such as vpc-0a1b2c3d`);
  }
  return {
    vpc,
    certificate: Certificate.fromCertificateArn(scope, 'WcsCertificate', certificateArn),
    ...(clients === undefined ? {} : { clients: clients.map((cidr) => Peer.ipv4(cidr)) }),
    ...(internetFacing === undefined ? {} : { internetFacing }),
  };
}

function apiAuth(scope: Construct, auth: NonNullable<ContextProps['auth']>): ApiAuth {
  return auth.kind === 'basic'
    ? { kind: 'basic', secret: Secret.fromSecretCompleteArn(scope, 'BasicAuth', auth.secretArn) }
    : auth;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${CONTEXT_KEY}: is not JSON: ${(cause as Error).message}`, { cause });
  }
}
