import { Duration } from 'aws-cdk-lib';
import {
  AvailabilityZoneRebalancing,
  type CapacityProviderStrategy,
  type Cluster,
  type ContainerImage,
  FargateService,
  type ICluster,
} from 'aws-cdk-lib/aws-ecs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { aliveScript, HOST_TASK } from '../wiring.ts';
import { checkFargateSize } from './fargateSizes.ts';
import type { GrantTargets } from './grants.ts';
import { OWN_METRICS } from './metrics.ts';
import type { RecorderNetwork } from './network.ts';
import { type CpuArchitectureName, recorderTaskDefinition } from './recorderTaskDefinition.ts';

export const CAPACITY_PROVIDERS = ['FARGATE', 'FARGATE_SPOT'] as const;
export type CapacityProvider = (typeof CAPACITY_PROVIDERS)[number];

export interface HostsProps {
  /**
   * How many stand, whatever is recorded.
   * @default 2, which ECS puts into different zones
   */
  readonly min?: number;
  /**
   * How many there may be.
   * @default 10
   */
  readonly max?: number;
  /**
   * Size of a host, in units of 1/1024 vCPU, one of Fargate's.
   * @default 1024
   */
  readonly cpuUnits?: number;
  /**
   * Memory of a host, in MiB; Fargate allows certain sizes for each `cpuUnits`.
   * @default 2048
   */
  readonly memoryMb?: number;
  /**
   * How many recordings a host takes at most. It takes fewer where CPU, memory or disk say so.
   * @default 40
   */
  readonly maxRecordings?: number;
}

interface OwnProps extends HostsProps {
  readonly resources: Readonly<
    Record<(typeof HOST_TASK.environment)[keyof typeof HOST_TASK.environment], string>
  >;
  readonly cluster: Cluster;
  readonly network: RecorderNetwork;
  readonly targets: GrantTargets;
  readonly image: ContainerImage | undefined;
  readonly cpuArchitecture: CpuArchitectureName;
  readonly capacityProviders: readonly CapacityProvider[];
  readonly spoolMaxBytes: number;
  readonly logRetention: RetentionDays;
}

const DEFAULT_MIN = 2;
const DEFAULT_MAX = 10;
/** Of a host's room: what is left takes the starts that come while another host does. */
const TARGET_PERCENT = 60;
/** A recording that has just ended is often followed by the next. */
const SCALE_IN_COOLDOWN = Duration.minutes(15);
const SCALE_OUT_COOLDOWN = Duration.minutes(1);
const GIB = 1024 ** 3;
/** A host's disk, that its recordings share while S3 is away. */
const SPOOL_BYTES = 18 * GIB;

/**
 * The service that keeps hosts. Their number follows the room that is used, by Application Auto Scaling. A host that
 * carries recordings protects itself from scale-in and deployments, and hands over what it carries before it ends.
 */
export class Hosts extends Construct {
  readonly serviceName: string;
  /** How many there may be. */
  readonly max: number;

  /** @throws Error sizes that cannot be */
  constructor(scope: Construct, id: string, props: OwnProps) {
    super(scope, id);
    const { cluster, network } = props;
    const { min, max, maxRecordings } = checked(props);
    this.max = max;
    const cpuUnits = props.cpuUnits ?? HOST_TASK.cpuUnits;
    const memoryMb = props.memoryMb ?? HOST_TASK.memoryMb;
    checkFargateSize('hosts.', cpuUnits, memoryMb);
    const taskDefinition = recorderTaskDefinition(this, {
      task: HOST_TASK,
      roleDescription: 'What a host may do: what its recorders do, and take assignments',
      command: HOST_TASK.command,
      healthScript: aliveScript,
      environment: {
        ...Object.fromEntries(
          Object.entries(HOST_TASK.environment).map(([name, resource]) => [name, props.resources[resource]]),
        ),
        HOST_CPU_UNITS: String(cpuUnits),
        HOST_MEMORY_MB: String(memoryMb),
        MAX_RECORDINGS: String(maxRecordings),
      },
      targets: props.targets,
      image: props.image,
      cpuArchitecture: props.cpuArchitecture,
      cpuUnits,
      memoryMb,
      spoolBytes: Math.max(SPOOL_BYTES, props.spoolMaxBytes),
      logRetention: props.logRetention,
    });
    const service = new FargateService(this, 'Service', {
      // Cluster is an ICluster; only under exactOptionalPropertyTypes aws-cdk-lib's types do not say so.
      cluster: cluster as ICluster,
      taskDefinition,
      // No desired count: with one, each deployment would set it anew.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      // It would end hosts to balance zones.
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.DISABLED,
      capacityProviderStrategies: strategiesOf(props.capacityProviders, min),
      vpcSubnets: { subnets: [...network.subnets] },
      securityGroups: [network.securityGroup],
      assignPublicIp: network.assignPublicIp,
    });
    this.serviceName = service.serviceName;
    service.autoScaleTaskCount({ minCapacity: min, maxCapacity: max }).scaleToTrackCustomMetric('Load', {
      metric: OWN_METRICS.hostLoad,
      targetValue: TARGET_PERCENT,
      scaleInCooldown: SCALE_IN_COOLDOWN,
      scaleOutCooldown: SCALE_OUT_COOLDOWN,
    });
  }
}

function checked({
  min = DEFAULT_MIN,
  max = Math.max(DEFAULT_MAX, min),
  maxRecordings = HOST_TASK.maxRecordings,
}: HostsProps) {
  const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (!isCount(min))
    throw new Error(`hosts.min: must be a whole number, at least 1, such as 2, and is ${min}`);
  if (!isCount(max) || max < min) {
    throw new Error(`hosts.max: must be a whole number, at least hosts.min (${min}), and is ${max}`);
  }
  if (!isCount(maxRecordings)) {
    throw new Error(
      `hosts.maxRecordings: must be a whole number, at least 1, such as 40, and is ${maxRecordings}`,
    );
  }
  return { min, max, maxRecordings };
}

/** Spot, where it is asked for, on top of what always stands: all of it may be taken away at once. */
function strategiesOf(providers: readonly CapacityProvider[], min: number): CapacityProviderStrategy[] {
  if (!providers.includes('FARGATE_SPOT')) return [{ capacityProvider: 'FARGATE', weight: 1 }];
  return [
    { capacityProvider: 'FARGATE', base: min, weight: 0 },
    { capacityProvider: 'FARGATE_SPOT', weight: 1 },
  ];
}
