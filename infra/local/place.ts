import { decodeNotificationKey } from '../../functions/core/events/s3Notification.ts';
import { NO_HOSTS, NO_QUEUE } from '../../functions/core/protocol/asks.ts';
import { roomLeftAsk } from '../../functions/core/rooms/left.ts';
import { type SettingsOverrides, settingsOverridesSchema } from '../../functions/core/settings/settings.ts';
import type { EventBridgeEvent } from '../emulators/events/server.ts';
import { deadLettersOf } from '../emulators/queue/server.ts';
import type { S3EventRecord } from '../emulators/s3/notifications.ts';
import type { Credentials } from '../emulators/shared/access.ts';
import {
  DEPARTURES,
  HOST_TASK,
  JOINS,
  MERGE_TASK,
  type QueueName,
  RECORDER_TASK,
  RELOCATION,
  type Resource,
} from '../wiring.ts';
import type { RuntimeOptions } from './runtimeOptions.ts';

/** Names of the deployment on this machine. */
export const REGION = 'us-east-1';
export const ACCOUNT_ID = '000000000000';
export const LANDING = 'landing';
export const LIBRARY = 'library';
export const EVENT_BUS = 'stream-recorder';
export const CLUSTER = 'stream-recorder';
export const PLAYBACK_KEY_ARN = `arn:aws:secretsmanager:${REGION}:${ACCOUNT_ID}:secret:playback-key`;

/** The ingest is on this machine, and a camera or a media server to try is in its network. */
const LOCAL_NETWORKS = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
];

type DeploymentSettings = Pick<
  RuntimeOptions,
  'recordingDefaults' | 'recordingLimits' | 'streamHooks' | 'sourceSecrets'
>;

/** What the wiring's environment variables hold here. */
export function resources(
  { recordingDefaults = '{}', recordingLimits = '{}', streamHooks = '{}', sourceSecrets }: DeploymentSettings,
  queueUrl: (name: QueueName | typeof RELOCATION.function) => string,
  hosts: number,
  relocationVisibilityMs: number,
): Readonly<Record<Resource, string>> {
  return {
    landingBucket: LANDING,
    libraryBucket: LIBRARY,
    libraryStorageClass: 'default',
    libraryKmsKeyArn: 'default',
    clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT_ID}:cluster/${CLUSTER}`,
    taskDefinition: RECORDER_TASK.family,
    containerName: RECORDER_TASK.containerName,
    mergeTaskDefinition: MERGE_TASK.family,
    mergeContainerName: MERGE_TASK.containerName,
    subnetIds: 'subnet-local',
    securityGroupIds: 'sg-local',
    assignPublicIp: 'ENABLED',
    capacityProviders: 'FARGATE',
    launchQueueUrl: queueUrl('launch'),
    settleQueueUrl: queueUrl('settle'),
    clipsQueueUrl: queueUrl('clips'),
    assignmentsQueueUrl: hosts === 0 ? NO_QUEUE : queueUrl('assignments'),
    hostsService: hosts === 0 ? NO_HOSTS : HOST_TASK.serviceName,
    hostsMax: String(hosts),
    relocationQueueUrl: queueUrl(RELOCATION.function),
    // On one machine whoever failed is tried again soon.
    relocationRetrySeconds: String(Math.floor(relocationVisibilityMs / 1000)),
    eventBusName: EVENT_BUS,
    recordingDefaults: JSON.stringify(withLocalSources(recordingDefaults, Object.keys(sourceSecrets ?? {}))),
    recordingLimits,
    streamHooks,
    playbackKeyArn: PLAYBACK_KEY_ARN,
    watchedQueues: [
      ['relocation', queueUrl(RELOCATION.function)],
      ['relocationDeadLetters', deadLettersOf(queueUrl(RELOCATION.function))],
      ['launch', queueUrl('launch')],
      ['settle', queueUrl('settle')],
    ]
      .map((one) => one.join('='))
      .join(','),
    // There is no load balancer.
    wcsPortsAuth: 'off',
  };
}

function withLocalSources(recordingDefaults: string, secrets: string[]): SettingsOverrides {
  const given = settingsOverridesSchema.parse(JSON.parse(recordingDefaults));
  return { ...given, sources: { privateNetworks: LOCAL_NETWORKS, secrets, ...given.sources } };
}

/** What every function and the recorder get: credentials of its role, and endpoints, in the SDK's own variables. */
export function sdkEnvironment(
  credentials: Credentials,
  urls: { readonly s3: string; readonly events: string; readonly sqs: string },
): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken !== undefined && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_S3: urls.s3,
    AWS_ENDPOINT_URL_EVENTBRIDGE: urls.events,
    AWS_ENDPOINT_URL_SQS: urls.sqs,
    // Whoever runs this may have files of their own in ~/.aws; in AWS there are none.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    POWERTOOLS_SERVICE_NAME: 'stream-recorder',
    POWERTOOLS_LOG_LEVEL: 'INFO',
  };
}

/** What functions get besides. */
export function functionEnvironment(
  credentials: Credentials,
  urls: Parameters<typeof sdkEnvironment>[1] & { readonly ecs: string; readonly secretsPort: number },
): Readonly<Record<string, string>> {
  return {
    ...sdkEnvironment(credentials, urls),
    AWS_ENDPOINT_URL_ECS: urls.ecs,
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(urls.secretsPort),
  };
}

/** The event that the wiring sends the same way: a large copy goes on. */
export function isContinued(event: EventBridgeEvent): boolean {
  const { source, detailType } = RELOCATION.continues;
  return event.source === source && event['detail-type'] === detailType;
}

/** What the wiring sends to the clips queue for an event. */
export function clipsAsks(event: EventBridgeEvent): object[] {
  const { detail } = event;
  return [
    ...(isOf(JOINS, event) && detail.join === true ? [event] : []),
    ...(isOf(DEPARTURES, event) && detail.mergeRoom === true
      ? [roomLeftAsk(String(detail.recordingId))]
      : []),
  ];
}

const isOf = (
  rule: { readonly source: string; readonly detailTypes: readonly string[] },
  { source, 'detail-type': type }: EventBridgeEvent,
): boolean => source === rule.source && rule.detailTypes.includes(type);

/** The notification that the wiring asks for: landing's new objects below the records' prefix. */
export function isRelocated({ eventName, s3 }: S3EventRecord): boolean {
  return (
    s3.bucket.name === LANDING &&
    eventName.startsWith('ObjectCreated:') &&
    decodeNotificationKey(s3.object.key).startsWith(RELOCATION.prefix)
  );
}
