import type { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { NO_HOSTS, NO_QUEUE } from '../../functions/core/protocol/asks.ts';
import { MERGE_TASK, RECORDER_TASK, RELOCATION, type Resource, type WatchedQueue } from '../wiring.ts';
import { Api } from './api.ts';
import { AskQueues } from './askQueues.ts';
import { landingBucket, libraryBucket } from './buckets.ts';
import { checkProps } from './checkProps.ts';
import { Console } from './console.ts';
import { Domain } from './domain.ts';
import { checkFargateSize } from './fargateSizes.ts';
import { Functions } from './functions.ts';
import type { GrantTargets } from './grants.ts';
import { Hosts } from './hosts.ts';
import { Mending } from './mending.ts';
import { MergeTask } from './mergeTask.ts';
import { RecorderNetwork } from './network.ts';
import { notDeliveredQueue } from './notDelivered.ts';
import { OnRecord } from './onRecord.ts';
import { OnRecordScript } from './onRecordScript.ts';
import { Operations } from './operations.ts';
import { RecorderTask } from './recorderTask.ts';
import {
  checkedHooks,
  checkedLimits,
  checkedRecordingDefaults,
  withSourceSecrets,
} from './recordingDefaults.ts';
import { RelocationQueue } from './relocationQueue.ts';
import { playbackKey, secretsExtension } from './secrets.ts';
import type { StreamRecorderProps } from './streamRecorderProps.ts';
import { WcsPorts, wcsPortsAuth } from './wcsPorts.ts';
import { Webhook } from './webhook.ts';

export type { CapacityProvider } from './hosts.ts';
export type { LibraryStorageClass, StreamRecorderProps } from './streamRecorderProps.ts';

/**
 * Records live streams into S3: HTTP API, functions, recorder tasks, the way from landing to library, events.
 *
 * ```ts
 * const recorder = new StreamRecorder(this, 'Recorder', { recordingDefaults: { rotation: { kind: 'time', everyMs: 3_600_000 } } });
 * recorder.grantApi(callersRole);
 * ```
 */
export class StreamRecorder extends Construct {
  /** Base URL of the HTTP API, with a slash at its end. Requests are signed with IAM, service `execute-api`. */
  readonly apiUrl: string;
  /** What the record of `domain` has to be an alias of; undefined without one. */
  readonly domainTarget: string | undefined;
  readonly landingBucket: IBucket | Bucket;
  readonly libraryBucket: IBucket | Bucket;
  /** Gets every event; `EVENT_SOURCE` and `EVENT_TYPES` in functions/core/events/published.ts have the names for a rule. */
  readonly eventBus: EventBus;
  /** Records that were not moved wait there: docs/operations.md. */
  readonly deadLetterQueue: IQueue;
  /** Events that an endpoint of `webhooks` did not take for a day, in the order of the property. */
  readonly webhookDeadLetterQueues: readonly IQueue[];
  /** Where recorder tasks run. */
  readonly clusterName: string;
  /** What answers on WCS's ports; its DNS name is for an alias record. Undefined where `wcsPorts` is not asked for. */
  readonly wcsLoadBalancer: ApplicationLoadBalancer | undefined;
  readonly #api: Api;

  /** @throws Error settings, buckets or a VPC that cannot work */
  constructor(scope: Construct, id: string, props: StreamRecorderProps = {}) {
    super(scope, id);
    checkProps(this, props);
    const overrides = withSourceSecrets(props.recordingDefaults ?? {}, props.sourceSecrets);
    const limits = checkedLimits(props.limits ?? {});
    const settings = checkedRecordingDefaults(overrides, limits);
    const hooks = checkedHooks(props.hooks ?? {}, settings.sources);
    const {
      capacityProviders = ['FARGATE'],
      cpuArchitecture = 'arm64',
      cpuUnits = RECORDER_TASK.cpuUnits,
      memoryMb = RECORDER_TASK.memoryMb,
    } = props;
    checkFargateSize('', cpuUnits, memoryMb);
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;

    this.landingBucket = props.landingBucket ?? landingBucket(this, 'Landing', props.leftoversExpiry);
    this.libraryBucket = props.libraryBucket ?? libraryBucket(this, 'Library', props.libraryExpiry);
    if (this.landingBucket.bucketName === this.libraryBucket.bucketName) {
      throw new Error('libraryBucket: landing and library must be two buckets');
    }
    this.eventBus = new EventBus(this, 'EventBus', { description: 'Events of Stream Recorder' });

    const queues = new AskQueues(this, 'Queues', { eventBus: this.eventBus });
    const linkKey = playbackKey(this, 'PlaybackKey');
    const targets: GrantTargets = {
      buckets: { landing: this.landingBucket, library: this.libraryBucket },
      libraryKey: props.libraryKey,
      eventBus: this.eventBus,
      playbackKey: linkKey,
      queues: queues.all,
      sourceSecrets: settings.sources.secrets ?? [],
    };
    const network = new RecorderNetwork(this, 'Network', { vpc: props.vpc, subnets: props.subnets });
    const { cluster, taskDefinition } = new RecorderTask(this, 'Task', {
      resources: {
        eventBusName: this.eventBus.eventBusName,
        launchQueueUrl: queues.all.launch.queueUrl,
      },
      network,
      targets,
      image: props.image,
      cpuArchitecture,
      cpuUnits,
      memoryMb,
      spoolBytes: settings.spoolMaxBytes,
      logRetention,
    });
    this.clusterName = cluster.clusterName;
    const merge = new MergeTask(this, 'MergeTask', {
      ...props.merge,
      landingBucketName: this.landingBucket.bucketName,
      targets,
      image: props.image,
      cpuArchitecture,
      logRetention,
    });
    const hosts =
      props.hosts === undefined
        ? undefined
        : new Hosts(this, 'Hosts', {
            ...props.hosts,
            resources: {
              eventBusName: this.eventBus.eventBusName,
              landingBucket: this.landingBucket.bucketName,
              assignmentsQueueUrl: queues.all.assignments.queueUrl,
              settleQueueUrl: queues.all.settle.queueUrl,
              launchQueueUrl: queues.all.launch.queueUrl,
            },
            cluster,
            network,
            targets: { ...targets, recorder: { cluster, taskDefinition } },
            image: props.image,
            cpuArchitecture,
            capacityProviders,
            spoolMaxBytes: settings.spoolMaxBytes,
            logRetention,
          });

    const auth = props.auth ?? { kind: 'iam' };
    const wcsAuth = wcsPortsAuth(props.wcsPorts, auth);
    const notDelivered = notDeliveredQueue(this, 'NotDelivered');
    const relocationQueue = new RelocationQueue(this, 'Relocation', {
      landing: this.landingBucket,
      eventBus: this.eventBus,
      notDelivered,
    });
    const watched: Readonly<Record<WatchedQueue, IQueue>> = {
      relocation: relocationQueue.queue,
      relocationDeadLetters: relocationQueue.deadLetterQueue,
      launch: queues.all.launch,
      settle: queues.all.settle,
    };
    const resources: Readonly<Record<Resource, string>> = {
      landingBucket: this.landingBucket.bucketName,
      libraryBucket: this.libraryBucket.bucketName,
      libraryStorageClass: props.libraryStorageClass ?? 'default',
      libraryKmsKeyArn: props.libraryKey?.keyArn ?? 'default',
      clusterArn: cluster.clusterArn,
      taskDefinition: taskDefinition.taskDefinitionArn,
      containerName: RECORDER_TASK.containerName,
      mergeTaskDefinition: merge.taskDefinition.taskDefinitionArn,
      mergeContainerName: MERGE_TASK.containerName,
      subnetIds: network.subnets.map((subnet) => subnet.subnetId).join(','),
      securityGroupIds: network.securityGroup.securityGroupId,
      assignPublicIp: network.assignPublicIp ? 'ENABLED' : 'DISABLED',
      capacityProviders: capacityProviders.join(','),
      launchQueueUrl: queues.all.launch.queueUrl,
      settleQueueUrl: queues.all.settle.queueUrl,
      clipsQueueUrl: queues.all.clips.queueUrl,
      assignmentsQueueUrl: hosts === undefined ? NO_QUEUE : queues.all.assignments.queueUrl,
      hostsService: hosts?.serviceName ?? NO_HOSTS,
      hostsMax: String(hosts?.max ?? 0),
      relocationQueueUrl: relocationQueue.queue.queueUrl,
      relocationRetrySeconds: RELOCATION.retrySeconds.join(','),
      eventBusName: this.eventBus.eventBusName,
      recordingDefaults: JSON.stringify(overrides),
      recordingLimits: JSON.stringify(limits),
      streamHooks: JSON.stringify(hooks),
      playbackKeyArn: linkKey.secretArn,
      watchedQueues: Object.entries(watched)
        .map(([name, { queueUrl }]) => `${name}=${queueUrl}`)
        .join(','),
      wcsPortsAuth: wcsAuth.variable,
    };
    const functionsProps = {
      resources,
      targets: {
        ...targets,
        watchedQueues: Object.values(watched),
        recorder: { cluster, taskDefinition },
        merge: { cluster, taskDefinition: merge.taskDefinition },
      },
      logRetention,
      tracing: props.tracing ?? false,
    };
    const { all } = new Functions(this, 'Functions', {
      ...functionsProps,
      wcsSecrets: wcsAuth.secret === undefined ? undefined : secretsExtension(),
    });
    if (all.wcs.role !== undefined) wcsAuth.secret?.grantRead(all.wcs.role);
    queues.connect(all);
    new Mending(this, 'Mending', {
      clusterArn: cluster.clusterArn,
      taskStopped: all.taskStopped,
      reconcile: all.reconcile,
      notDelivered,
    });
    this.#api = new Api(this, 'Api', {
      functions: all,
      logRetention,
      auth,
      hasHooks: hooks.secretsSha256.length > 0,
      corsOrigins: props.corsOrigins ?? [],
      functionsProps,
    });
    const domain =
      props.domain === undefined
        ? undefined
        : new Domain(this, 'Domain', { ...props.domain, stage: this.#api.stage });
    this.apiUrl = props.domain === undefined ? this.#api.stage.url : `https://${props.domain.name}/`;
    this.domainTarget = domain?.target;
    if (props.console === true) {
      const { httpApi } = this.#api;
      new Console(this, 'Console', {
        httpApi,
        media: [this.libraryBucket, this.landingBucket],
        auth,
        functionsProps,
      });
    }
    this.wcsLoadBalancer =
      props.wcsPorts === undefined
        ? undefined
        : new WcsPorts(this, 'WcsPorts', { ...props.wcsPorts, wcs: all.wcs }).loadBalancer;

    relocationQueue.connect(all.relocate);
    const { deadLetterQueue } = relocationQueue;
    this.deadLetterQueue = deadLetterQueue;
    const onRecord =
      props.onRecord === undefined
        ? undefined
        : new OnRecord(this, 'OnRecord', { eventBus: this.eventBus, handler: props.onRecord });
    const { onRecordScript } = props;
    const script =
      onRecordScript === undefined
        ? undefined
        : new OnRecordScript(this, 'OnRecordScript', {
            ...(typeof onRecordScript === 'string' ? { script: onRecordScript } : onRecordScript),
            eventBus: this.eventBus,
            functionsProps,
          });
    this.webhookDeadLetterQueues = (props.webhooks ?? []).map(
      (webhook, index) =>
        new Webhook(this, `Webhook${index}`, {
          ...webhook,
          field: `webhooks.${index}`,
          eventBus: this.eventBus,
          functionsProps,
        }).deadLetterQueue,
    );
    new Operations(this, 'Operations', {
      deadLetterQueue,
      relocationQueue: relocationQueue.queue,
      queues: queues.all,
      functions: all,
      webhooks: this.webhookDeadLetterQueues,
      stage: this.#api.stage,
      clusterName: this.clusterName,
      spoolMaxBytes: settings.spoolMaxBytes,
      hasHosts: hosts !== undefined,
      notDelivered: {
        events: notDelivered,
        onRecord: onRecord?.notDelivered,
        onRecordScript: script?.notDelivered,
      },
      topic: props.alarmTopic,
    });
  }

  /** Lets a role, user or group call the HTTP API, every route of it. */
  grantApi(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:Invoke'],
      resourceArns: [this.#api.httpApi.arnForExecuteApi()],
    });
  }
}
