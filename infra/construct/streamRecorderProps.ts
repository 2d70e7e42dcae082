import type { Duration } from 'aws-cdk-lib';
import type { IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { HookSettingsInput } from '../../functions/core/hooks/settings.ts';
import type { RecordingLimitsInput } from '../../functions/core/settings/limits.ts';
import type { SettingsOverrides } from '../../functions/core/settings/settings.ts';
import type { ApiAuth } from './apiAuth.ts';
import type { DomainProps } from './domain.ts';
import type { CapacityProvider, HostsProps } from './hosts.ts';
import type { MergeProps } from './mergeTask.ts';
import type { SubnetKind } from './network.ts';
import type { OnRecordScriptProps } from './onRecordScript.ts';
import type { CpuArchitectureName } from './recorderTaskDefinition.ts';
import type { WcsPortsProps } from './wcsPorts.ts';
import type { WebhookProps } from './webhook.ts';

/** Those from which a record can be read at once. */
export const LIBRARY_STORAGE_CLASSES = [
  'STANDARD',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
] as const;
export type LibraryStorageClass = (typeof LIBRARY_STORAGE_CLASSES)[number];

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
   * @cost STANDARD_IA, ONEZONE_IA and GLACIER_IR bill at least 30, 30 and 90 days and 128 KB of each record
   */
  readonly libraryStorageClass?: LibraryStorageClass;
  /**
   * Records in the library are encrypted with this KMS key, by a bucket key. It may be another account's: then its
   * policy lets this account use it.
   * @default the bucket's own encryption
   * @cost $1 a month for the key, and a request to KMS for a bucket key now and then
   */
  readonly libraryKey?: IKey;
  /**
   * Where recorder tasks run.
   * @default a new VPC with public subnets, no NAT, and a gateway endpoint for S3
   * @cost none of the new one: it has no NAT
   */
  readonly vpc?: IVpc | Vpc;
  /**
   * Which subnets of `vpc`. `public`: each task has a public address, $0.005 an hour. `private`: through your NAT, which
   * costs for each GB, sources' media too. `isolated`: no way out but VPC endpoints (docs/aws.md), for sources inside.
   * @default 'public'
   * @cost public $0.005 an hour for each address; private $0.045 for each GB; isolated $0.01 an hour for each endpoint and zone
   */
  readonly subnets?: SubnetKind;
  /**
   * Tried in this order for each recording. Spot is cheaper, and a task may be taken away at two minutes' notice.
   * @default ['FARGATE']
   * @cost Spot up to 70 % less for CPU and memory
   */
  readonly capacityProviders?: readonly CapacityProvider[];
  /**
   * What differs from the built-in settings, such as name templates or rotation. Checked at synth.
   * @default the built-in settings
   */
  readonly recordingDefaults?: SettingsOverrides;
  /**
   * What callers can spend: how many recordings go on at once, and how long one may be. A start beyond the first is
   * answered 429, a hook's stream is registered and not recorded; a recording ends at the second. Checked at synth.
   * @default { maxConcurrentRecordings: 1000, maxDurationMs: 30 days }: about $27 an hour at most, in tasks of their own
   * @cost they bound what a mistake costs
   */
  readonly limits?: RecordingLimitsInput;
  /**
   * How media servers' hooks register and record streams: hashes of their secrets, where streams are fetched from, what
   * is recorded. Checked at synth.
   * @default no hook is taken
   */
  readonly hooks?: HookSettingsInput;
  /**
   * Names of secrets in Secrets Manager, of this account and region, that hold credentials of sources; `cameras/*` stands
   * for all that begin so. A start names one as `sourceSecret`, and state never has what is in it (docs/sources.md). Recorders
   * alone may read them; the policy of a KMS key of your own must let them decrypt.
   * @default none: credentials are in URLs, and so in the landing bucket's state
   * @cost $0.40 a month for each secret, and $0.05 for 10,000 reads: one for each attempt to record
   */
  readonly sourceSecrets?: readonly string[];
  /**
   * Who may call the HTTP API. Hooks have their own secrets.
   * @default { kind: 'iam' }
   */
  readonly auth?: ApiAuth;
  /**
   * A name of yours for the API, whose record you make: an alias to `domainTarget`.
   * @default API Gateway's name
   */
  readonly domain?: DomainProps;
  /**
   * Origins whose pages may call the API, such as `https://studio.example`; `*` is all. Links to play recordings then work in
   * pages of these origins alone, since API Gateway says the same of all routes.
   * @default none; links to play recordings work in every page
   */
  readonly corsOrigins?: readonly string[];
  /**
   * Serves the console, a page over the API, at `/console` of its address. Anybody may load the page; its users sign in
   * at the issuer of `auth: { kind: 'jwt', signIn }`, or give the user name and password of `{ kind: 'basic' }`. Callers who sign
   * requests cannot sign from a page (`npm run console` can).
   * @default false
   * @cost none that stands
   */
  readonly console?: boolean;
  /**
   * WCS's methods on WCS's own ports too, by a load balancer, for clients that change nothing but a host name.
   * @default the HTTP API alone, on port 443
   * @cost about $17 a month for the load balancer, and what goes through
   */
  readonly wcsPorts?: WcsPortsProps;
  /**
   * Size of a recorder task, in units of 1/1024 vCPU, one of Fargate's.
   * @default 256: copies one stream; encoding audio or video needs more
   * @cost $0.0081 an hour for 256 on arm64, while it records
   */
  readonly cpuUnits?: number;
  /**
   * Memory of a recorder task, in MiB; Fargate allows certain sizes for each `cpuUnits`.
   * @default 512
   * @cost $0.0018 an hour for 512 on arm64, while it records
   */
  readonly memoryMb?: number;
  /**
   * Of recorders' tasks and hosts, and of the image that is built for them: whoever builds it on a machine of the other
   * kind needs a builder that can (docs/aws.md). The functions are arm64 in any case, and need no builder.
   * @default 'arm64', a fifth cheaper
   * @cost x86_64 a quarter more
   */
  readonly cpuArchitecture?: CpuArchitectureName;
  /**
   * Tasks that are always there and carry many recordings each: a recording begins within a second or two, where a task
   * of its own takes half a minute to come. They cost what stands, recordings or not (docs/scale.md). What they have no
   * room for gets a task of its own.
   * @default a task of its own for each recording
   * @cost $0.045 an hour for each host of the default size, and its address; full of recordings $0.005 for each hour of one, where a task is $0.027
   */
  readonly hosts?: HostsProps;
  /**
   * Size of the task that composes a room into one picture, or one sound: one for each such merge, while it is made.
   * @default { cpuUnits: 4096, memoryMb: 8192 }
   * @cost $0.16 an hour for the default size on arm64, while it composes
   */
  readonly merge?: MergeProps;
  /**
   * The recorder's image, of `cpuArchitecture`, if it is built elsewhere.
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
   * @cost a function of 1769 MB while the script runs: $0.0014 a minute
   */
  readonly onRecordScript?: string | OnRecordScriptProps;
  /**
   * Endpoints that are told of events, signed as the Standard Webhooks specification has it: public HTTPS, each tried again
   * for a day (docs/events.md).
   * @default none
   * @cost $0.40 a month for each secret; an alarm each
   */
  readonly webhooks?: readonly WebhookProps[];
  /**
   * When records in the library are removed, old versions 30 days later.
   * @default never
   * @cost it removes what storage costs: $0.023 a GB and month
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
   * @cost the alarms are $0.10 a month each, whether somebody is told or not
   */
  readonly alarmTopic?: ITopic;
  /**
   * @default one month
   * @cost $0.03 a GB and month
   */
  readonly logRetention?: RetentionDays;
  /**
   * X-Ray gets traces of the functions' calls: a request a second, and 5 % of the others. Recorders have none.
   * @default false
   * @cost $5 for a million traces that are kept, after 100,000 a month
   */
  readonly tracing?: boolean;
}
