import type { Duration } from 'aws-cdk-lib';
import type { IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { parseInput } from '../../functions/core/api/validation.ts';
import { type HookSettingsInput, hookSettingsSchema } from '../../functions/core/hooks/settings.ts';
import { NO_QUEUE } from '../../functions/core/protocol/asks.ts';
import type { SettingsOverrides } from '../../functions/core/settings/settings.ts';
import { RECORDER_TASK, RELOCATION, type Resource } from '../wiring.ts';
import { Alarms } from './alarms.ts';
import { Api } from './api.ts';
import type { ApiAuth } from './apiAuth.ts';
import { AskQueues } from './askQueues.ts';
import { checkExpiry, landingBucket, libraryBucket } from './buckets.ts';
import { Console } from './console.ts';
import { Functions } from './functions.ts';
import type { GrantTargets } from './grants.ts';
import { Mending } from './mending.ts';
import { RecorderNetwork } from './network.ts';
import { OnRecord } from './onRecord.ts';
import { OnRecordScript, type OnRecordScriptProps } from './onRecordScript.ts';
import { RecorderTask } from './recorderTask.ts';
import { checkedRecordingDefaults } from './recordingDefaults.ts';
import { RelocationQueue } from './relocationQueue.ts';
import { playbackKey, secretsExtension } from './secrets.ts';
import { WcsPorts, type WcsPortsProps, wcsPortsAuth } from './wcsPorts.ts';

/** Those from which a record can be read at once. */
export type LibraryStorageClass =
  | 'STANDARD'
  | 'STANDARD_IA'
  | 'ONEZONE_IA'
  | 'INTELLIGENT_TIERING'
  | 'GLACIER_IR';

export type CapacityProvider = 'FARGATE' | 'FARGATE_SPOT';

export interface StreamRecorderProps {
  /**
   * Where recorders write, and all state. Not versioned, no expiry by age, in this stack's region. Its objects below
   * `records/` and `state/` are Stream Recorder's own.
   * @default a new bucket: encrypted, private, TLS only, kept when the stack is deleted
   */
  readonly landingBucket?: IBucket | Bucket;
  /**
   * Where finished records live; another bucket than landing.
   * @default a new bucket: encrypted, private, TLS only, versioned, kept when the stack is deleted
   */
  readonly libraryBucket?: IBucket | Bucket;
  /**
   * Storage class of records in the library.
   * @default the bucket's own: STANDARD
   */
  readonly libraryStorageClass?: LibraryStorageClass;
  /**
   * Records in the library are encrypted with this KMS key, by a bucket key. It may be another account's: then its
   * policy lets this account use it.
   * @default the bucket's own encryption
   */
  readonly libraryKey?: IKey;
  /**
   * Where recorder tasks run: its public subnets, with a public address for each task.
   * @default a new VPC with public subnets, no NAT, and a gateway endpoint for S3
   */
  readonly vpc?: IVpc | Vpc;
  /**
   * Tried in this order for each recording. Spot is cheaper, and a task may be taken away at two minutes' notice.
   * @default ['FARGATE']
   */
  readonly capacityProviders?: readonly CapacityProvider[];
  /**
   * What differs from the built-in settings, such as name templates or rotation. Checked at synth.
   * @default the built-in settings
   */
  readonly recordingDefaults?: SettingsOverrides;
  /**
   * How media servers' hooks register and record streams: hashes of their secrets, where streams are fetched from, what
   * is recorded. Checked at synth.
   * @default no hook is taken
   */
  readonly hooks?: HookSettingsInput;
  /**
   * Who may call the HTTP API. Hooks have their own secrets.
   * @default { kind: 'iam' }
   */
  readonly auth?: ApiAuth;
  /**
   * Serves the console, a page over the API, at `/console` of its address. Anybody may load the page; it asks for the
   * user name and password of `auth: { kind: 'basic' }`. Callers who sign requests cannot sign from a page.
   * @default false
   */
  readonly console?: boolean;
  /**
   * WCS's methods on WCS's own ports too, by a load balancer, for clients that change nothing but a host name.
   * @default the HTTP API alone, on port 443
   */
  readonly wcsPorts?: WcsPortsProps;
  /**
   * Size of a recorder task, in units of 1/1024 vCPU, one of Fargate's.
   * @default 256: copies one stream; encoding audio or video needs more
   */
  readonly cpuUnits?: number;
  /**
   * Memory of a recorder task, in MiB; Fargate allows certain sizes for each `cpuUnits`.
   * @default 512
   */
  readonly memoryMb?: number;
  /**
   * The recorder's image, arm64, if it is built elsewhere.
   * @default built from container/Dockerfile by `cdk deploy`
   */
  readonly image?: ContainerImage;
  /**
   * Called for each record in the library with the event Record Available (docs/events.md), at least once; EventBridge
   * tries again for a day. Its rights to read the library are its own: `libraryBucket.grantRead(it)`.
   * @default nobody; any number of rules on `eventBus` may do the same
   */
  readonly onRecord?: IFunction;
  /**
   * An on-record script of WCS, run as it is for each record: `$1` stream name, `$2` a file of the record, facts of the
   * event as variables. It may be a file's name alone.
   * @default none
   */
  readonly onRecordScript?: string | OnRecordScriptProps;
  /**
   * When records in the library are removed, old versions 30 days later.
   * @default never
   */
  readonly libraryExpiry?: Duration;
  /**
   * When what nobody moved out of landing is removed, 30 days at least: records whose messages were never replayed, and
   * objects that no recorder wrote.
   * @default never
   */
  readonly leftoversExpiry?: Duration;
  /**
   * Told when records are not moved to the library.
   * @default the alarms exist and tell nobody
   */
  readonly alarmTopic?: ITopic;
  /** @default one month */
  readonly logRetention?: RetentionDays;
}

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
  readonly landingBucket: IBucket | Bucket;
  readonly libraryBucket: IBucket | Bucket;
  /** Gets every event; `EVENT_SOURCE` and `EVENT_TYPES` in functions/core/events/published.ts have the names for a rule. */
  readonly eventBus: EventBus;
  /** Records that were not moved wait there: docs/operations.md. */
  readonly deadLetterQueue: IQueue;
  /** Where recorder tasks run. */
  readonly clusterName: string;
  /** What answers on WCS's ports; its DNS name is for an alias record. Undefined where `wcsPorts` is not asked for. */
  readonly wcsLoadBalancer: ApplicationLoadBalancer | undefined;
  readonly #api: Api;

  /** @throws Error settings, buckets or a VPC that cannot work */
  constructor(scope: Construct, id: string, props: StreamRecorderProps = {}) {
    super(scope, id);
    const overrides = props.recordingDefaults ?? {};
    const settings = checkedRecordingDefaults(overrides);
    const hooks = parseInput(hookSettingsSchema, props.hooks ?? {}, 'hooks');
    const capacityProviders = props.capacityProviders ?? ['FARGATE'];
    if (capacityProviders.length === 0) throw new Error('capacityProviders: at least one is needed');
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;

    checkExpiry(props);
    this.landingBucket = props.landingBucket ?? landingBucket(this, 'Landing', props.leftoversExpiry);
    this.libraryBucket = props.libraryBucket ?? libraryBucket(this, 'Library', props.libraryExpiry);
    if (this.landingBucket.bucketName === this.libraryBucket.bucketName) {
      throw new Error('libraryBucket: landing and library must be two buckets');
    }
    this.eventBus = new EventBus(this, 'EventBus', { description: 'Events of Stream Recorder' });

    const queues = new AskQueues(this, 'Queues');
    const linkKey = playbackKey(this, 'PlaybackKey');
    const targets: GrantTargets = {
      buckets: { landing: this.landingBucket, library: this.libraryBucket },
      libraryKey: props.libraryKey,
      eventBus: this.eventBus,
      playbackKey: linkKey,
      queues: queues.all,
    };
    const network = new RecorderNetwork(this, 'Network', props.vpc);
    const { cluster, taskDefinition } = new RecorderTask(this, 'Task', {
      resources: {
        eventBusName: this.eventBus.eventBusName,
        launchQueueUrl: queues.all.launch.queueUrl,
      },
      network,
      targets,
      image: props.image,
      cpuUnits: props.cpuUnits ?? RECORDER_TASK.cpuUnits,
      memoryMb: props.memoryMb ?? RECORDER_TASK.memoryMb,
      spoolMaxBytes: settings.spoolMaxBytes,
      logRetention,
    });
    this.clusterName = cluster.clusterName;

    const auth = props.auth ?? { kind: 'iam' };
    const wcsAuth = wcsPortsAuth(props.wcsPorts, auth);
    const relocationQueue = new RelocationQueue(this, 'Relocation', {
      landing: this.landingBucket,
      eventBus: this.eventBus,
    });
    const resources: Readonly<Record<Resource, string>> = {
      landingBucket: this.landingBucket.bucketName,
      libraryBucket: this.libraryBucket.bucketName,
      libraryStorageClass: props.libraryStorageClass ?? 'default',
      libraryKmsKeyArn: props.libraryKey?.keyArn ?? 'default',
      clusterArn: cluster.clusterArn,
      taskDefinition: taskDefinition.taskDefinitionArn,
      containerName: RECORDER_TASK.containerName,
      subnetIds: network.subnets.map((subnet) => subnet.subnetId).join(','),
      securityGroupIds: network.securityGroup.securityGroupId,
      capacityProviders: capacityProviders.join(','),
      launchQueueUrl: queues.all.launch.queueUrl,
      settleQueueUrl: queues.all.settle.queueUrl,
      // There are no hosts.
      assignmentsQueueUrl: NO_QUEUE,
      relocationQueueUrl: relocationQueue.queue.queueUrl,
      relocationRetrySeconds: RELOCATION.retrySeconds.join(','),
      eventBusName: this.eventBus.eventBusName,
      recordingDefaults: JSON.stringify(overrides),
      streamHooks: JSON.stringify(hooks),
      playbackKeyArn: linkKey.secretArn,
      wcsPortsAuth: wcsAuth.variable,
    };
    const functionsProps = {
      resources,
      targets: { ...targets, recorder: { cluster, taskDefinition } },
      logRetention,
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
    });
    this.#api = new Api(this, 'Api', {
      functions: all,
      logRetention,
      auth,
      hasHooks: hooks.secretsSha256.length > 0,
      functionsProps,
    });
    this.apiUrl = this.#api.stage.url;
    if (props.console === true) {
      const { kind } = auth;
      if (kind !== 'basic' && kind !== 'none') {
        throw new Error(`console: needs auth of kind basic or none, and it is ${kind}`);
      }
      const { httpApi } = this.#api;
      new Console(this, 'Console', { httpApi, library: this.libraryBucket, functionsProps });
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
    new Alarms(this, 'Alarms', {
      deadLetterQueue,
      functions: all,
      notDelivered: { onRecord: onRecord?.notDelivered, onRecordScript: script?.notDelivered },
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
