import { Duration, IgnoreMode, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  AwsLogDriverMode,
  Capability,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  type HealthCheck,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type HOST_TASK, type MERGE_TASK, RECORDER_TASK } from '../wiring.ts';
import { acknowledge } from './acknowledge.ts';
import { applyGrants, type GrantTargets } from './grants.ts';
import { IMAGE_CONTEXT, IMAGE_SOURCES } from './packaged.ts';

/** The only writable place of the container. */
const SPOOL_DIR = '/spool';

/** The image's own way to the recorder's user, who owns SPOOL_DIR, here without any right of his. */
const AS_RECORDER = [
  '/usr/bin/setpriv',
  ...['--reuid=1000', '--regid=1000', '--clear-groups', '--inh-caps=-all', '--no-new-privs', '--'],
];

/**
 * What Docker gives by default, without KILL, SETGID and SETUID: what the image starts first becomes the recorder's user by
 * them, and the recorder gives each ffmpeg a user of its own (docs/decisions/ffmpeg-apart.md).
 */
const DROPPED_CAPABILITIES = [
  Capability.AUDIT_WRITE,
  Capability.CHOWN,
  Capability.DAC_OVERRIDE,
  Capability.FOWNER,
  Capability.FSETID,
  Capability.MKNOD,
  Capability.NET_BIND_SERVICE,
  Capability.NET_RAW,
  Capability.SETFCAP,
  Capability.SETPCAP,
  Capability.SYS_CHROOT,
];

/** Minutes of a recorder's lines, and a burst of a host's. */
const LOG_BUFFER = Size.mebibytes(4);

const GIB = 1024 ** 3;
/** Fargate's own 20 GiB, of which the image takes a part. */
const INCLUDED_STORAGE_GIB = 20;
const IMAGE_STORAGE_GIB = 2;
const MAX_STORAGE_GIB = 200;

const ARCHITECTURES = {
  arm64: { task: CpuArchitecture.ARM64, image: Platform.LINUX_ARM64 },
  x86_64: { task: CpuArchitecture.X86_64, image: Platform.LINUX_AMD64 },
} as const;
export type CpuArchitectureName = keyof typeof ARCHITECTURES;
export const CPU_ARCHITECTURES = Object.keys(ARCHITECTURES) as CpuArchitectureName[];

export interface RecorderTaskDefinitionProps {
  readonly task: typeof RECORDER_TASK | typeof HOST_TASK | typeof MERGE_TASK;
  readonly roleDescription: string;
  /** After the image's entry point. */
  readonly command?: readonly string[];
  /** For Node's `-e`: whether the container is well. @param spoolFolder its writable place */
  readonly healthScript?: (spoolFolder: string) => string;
  readonly environment: Readonly<Record<string, string>>;
  readonly targets: GrantTargets;
  /** Built from container/Dockerfile where it is not given. */
  readonly image: ContainerImage | undefined;
  /** Of the task and of the image that is built for it. */
  readonly cpuArchitecture: CpuArchitectureName;
  readonly cpuUnits: number;
  readonly memoryMb: number;
  /** Disk that the spool may take: the task gets as much, on top of what the image takes. */
  readonly spoolBytes: number;
  readonly logRetention: RetentionDays;
}

/** What runs the recorder's image, as the user that it has: Fargate, three capabilities, one writable folder. */
export function recorderTaskDefinition(
  scope: Construct,
  props: RecorderTaskDefinitionProps,
): FargateTaskDefinition {
  const { task, command, healthScript, environment, targets } = props;
  const taskRole = new Role(scope, 'TaskRole', {
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    description: props.roleDescription,
  });
  applyGrants(taskRole, task.grants, targets);

  const storageGib = ephemeralStorageGib(props.spoolBytes);
  const taskDefinition = new FargateTaskDefinition(scope, 'TaskDefinition', {
    cpu: props.cpuUnits,
    memoryLimitMiB: props.memoryMb,
    ...(storageGib === undefined ? {} : { ephemeralStorageGiB: storageGib }),
    runtimePlatform: {
      cpuArchitecture: ARCHITECTURES[props.cpuArchitecture].task,
      operatingSystemFamily: OperatingSystemFamily.LINUX,
    },
    taskRole,
    volumes: [{ name: 'spool' }],
  });
  const container = taskDefinition.addContainer(task.containerName, {
    image: props.image ?? imageOfThisRepository(ARCHITECTURES[props.cpuArchitecture].image),
    ...(command === undefined ? {} : { command: [...command] }),
    environment: { ...environment, ...RECORDER_TASK.processEnvironment, SPOOL_DIR },
    readonlyRootFilesystem: true,
    linuxParameters: withFewCapabilities(scope),
    ...(healthScript === undefined ? {} : { healthCheck: healthCheck(healthScript(SPOOL_DIR)) }),
    stopTimeout: Duration.seconds(RECORDER_TASK.stopTimeoutSeconds),
    logging: LogDrivers.awsLogs({
      streamPrefix: task.containerName,
      // A recorder that waited for CloudWatch to take its log would lose media: rather the log has a hole.
      mode: AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: LOG_BUFFER,
      logGroup: new LogGroup(scope, 'Logs', {
        retention: props.logRetention,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    }),
  });
  container.addMountPoints({ sourceVolume: 'spool', containerPath: SPOOL_DIR, readOnly: false });

  acknowledge(
    taskDefinition,
    'AwsSolutions-ECS2',
    'The environment holds names of the event bus, of a bucket and of queues, sizes and a folder; no secret, and none is added by RunTask.',
  );
  acknowledge(
    taskDefinition.obtainExecutionRole(),
    'AwsSolutions-IAM5[Resource::*]',
    'ecr:GetAuthorizationToken has no resource to name; pulling is allowed from the one repository.',
  );
  return taskDefinition;
}

function healthCheck(script: string): HealthCheck {
  return {
    command: ['CMD', ...AS_RECORDER, '/usr/bin/node', '-e', script],
    interval: Duration.seconds(30),
    timeout: Duration.seconds(10),
    retries: 3,
    startPeriod: Duration.seconds(60),
  };
}

function withFewCapabilities(scope: Construct): LinuxParameters {
  const parameters = new LinuxParameters(scope, 'LinuxParameters');
  parameters.dropCapabilities(...DROPPED_CAPABILITIES);
  return parameters;
}

/** GiB to ask for; undefined where what Fargate includes is enough. */
function ephemeralStorageGib(spoolBytes: number): number | undefined {
  const neededGib = Math.ceil(spoolBytes / GIB) + IMAGE_STORAGE_GIB;
  if (neededGib <= INCLUDED_STORAGE_GIB) return undefined;
  if (neededGib > MAX_STORAGE_GIB) {
    const maxGib = MAX_STORAGE_GIB - IMAGE_STORAGE_GIB;
    throw new Error(`recordingDefaults.spoolMaxBytes: a Fargate task has room for at most ${maxGib} GiB`);
  }
  return neededGib;
}

/** Staged by synth, built by `cdk deploy`. */
function imageOfThisRepository(platform: Platform): ContainerImage {
  return ContainerImage.fromAsset(IMAGE_CONTEXT, {
    file: 'container/Dockerfile',
    platform,
    ignoreMode: IgnoreMode.DOCKER,
    exclude: ['*', ...IMAGE_SOURCES.map((source) => `!${source}`)],
  });
}
