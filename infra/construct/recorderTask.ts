import path from 'node:path';
import { Duration, IgnoreMode, RemovalPolicy } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  Capability,
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { RECORDER_TASK } from '../wiring.ts';
import { acknowledge } from './acknowledge.ts';
import { applyGrants, type GrantTargets } from './grants.ts';
import type { RecorderNetwork } from './network.ts';

/** The only writable place of the container. */
const SPOOL_DIR = '/spool';

/** The user of container/Dockerfile, who owns SPOOL_DIR. */
const CONTAINER_USER = '1000:1000';

/** What the image is built from; all else stays out of the asset, so that it does not change the image's hash. */
const IMAGE_SOURCES = [
  'container',
  'functions/aws',
  'functions/core',
  'functions/recordings',
  'package.json',
  'package-lock.json',
  '.npmrc',
];

const GIB = 1024 ** 3;
/** Fargate's own 20 GiB, of which the image takes a part. */
const INCLUDED_STORAGE_GIB = 20;
const IMAGE_STORAGE_GIB = 2;
const MAX_STORAGE_GIB = 200;

/** The resources that the wiring's environment of the task names. */
type TaskResource = (typeof RECORDER_TASK.environment)[keyof typeof RECORDER_TASK.environment];

export interface RecorderTaskProps {
  readonly resources: Readonly<Record<TaskResource, string>>;
  readonly network: RecorderNetwork;
  readonly targets: GrantTargets;
  /** Built from container/Dockerfile where it is not given. */
  readonly image: ContainerImage | undefined;
  readonly cpuUnits: number;
  readonly memoryMb: number;
  /** Disk that the spool may take: the task gets as much, on top of what the image takes. */
  readonly spoolMaxBytes: number;
  readonly logRetention: RetentionDays;
}

/** The cluster and the task that records: arm64 Fargate, a user without rights, one writable folder. */
export class RecorderTask extends Construct {
  readonly cluster: Cluster;
  readonly taskDefinition: FargateTaskDefinition;

  constructor(scope: Construct, id: string, props: RecorderTaskProps) {
    super(scope, id);
    const { network, targets } = props;
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
      enableFargateCapacityProviders: true,
    });

    const taskRole = new Role(this, 'TaskRole', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
      description: 'What a recorder may do: write its records and its state',
    });
    applyGrants(taskRole, RECORDER_TASK.grants, targets);

    const storageGib = ephemeralStorageGib(props.spoolMaxBytes);
    this.taskDefinition = new FargateTaskDefinition(this, 'TaskDefinition', {
      cpu: props.cpuUnits,
      memoryLimitMiB: props.memoryMb,
      ...(storageGib === undefined ? {} : { ephemeralStorageGiB: storageGib }),
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      taskRole,
      volumes: [{ name: 'spool' }],
    });
    const container = this.taskDefinition.addContainer(RECORDER_TASK.containerName, {
      image: props.image ?? imageOfThisRepository(),
      environment: { ...environmentOf(props.resources), SPOOL_DIR },
      user: CONTAINER_USER,
      readonlyRootFilesystem: true,
      linuxParameters: this.#withoutCapabilities(),
      stopTimeout: Duration.seconds(RECORDER_TASK.stopTimeoutSeconds),
      logging: LogDrivers.awsLogs({
        streamPrefix: RECORDER_TASK.containerName,
        logGroup: new LogGroup(this, 'Logs', {
          retention: props.logRetention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      }),
    });
    container.addMountPoints({ sourceVolume: 'spool', containerPath: SPOOL_DIR, readOnly: false });

    acknowledge(
      this.taskDefinition,
      'AwsSolutions-ECS2',
      'The environment holds the name of the event bus and a folder; no secret, and none is added by RunTask.',
    );
    acknowledge(
      this.taskDefinition.obtainExecutionRole(),
      'AwsSolutions-IAM5[Resource::*]',
      'ecr:GetAuthorizationToken has no resource to name; pulling is allowed from the one repository.',
    );
  }

  #withoutCapabilities(): LinuxParameters {
    const parameters = new LinuxParameters(this, 'LinuxParameters');
    parameters.dropCapabilities(Capability.ALL);
    return parameters;
  }
}

function environmentOf(resources: RecorderTaskProps['resources']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(RECORDER_TASK.environment).map(([name, resource]) => [name, resources[resource]]),
  );
}

/** GiB to ask for; undefined where what Fargate includes is enough. */
function ephemeralStorageGib(spoolMaxBytes: number): number | undefined {
  const neededGib = Math.ceil(spoolMaxBytes / GIB) + IMAGE_STORAGE_GIB;
  if (neededGib <= INCLUDED_STORAGE_GIB) return undefined;
  if (neededGib > MAX_STORAGE_GIB) {
    const maxGib = MAX_STORAGE_GIB - IMAGE_STORAGE_GIB;
    throw new Error(`recordingDefaults.spoolMaxBytes: a Fargate task has room for at most ${maxGib} GiB`);
  }
  return neededGib;
}

/** Staged by synth, built by `cdk deploy`. */
function imageOfThisRepository(): ContainerImage {
  return ContainerImage.fromAsset(path.resolve(import.meta.dirname, '..', '..'), {
    file: 'container/Dockerfile',
    platform: Platform.LINUX_ARM64,
    ignoreMode: IgnoreMode.DOCKER,
    exclude: ['*', ...IMAGE_SOURCES.map((source) => `!${source}`)],
  });
}
