import { Cluster, ContainerInsights, type FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { RECORDER_TASK } from '../wiring.ts';
import type { RecorderNetwork } from './network.ts';
import { type RecorderTaskDefinitionProps, recorderTaskDefinition } from './recorderTaskDefinition.ts';

/** The resources that the wiring's environment of the task names. */
type TaskResource = (typeof RECORDER_TASK.environment)[keyof typeof RECORDER_TASK.environment];

export interface RecorderTaskProps
  extends Pick<
    RecorderTaskDefinitionProps,
    'targets' | 'image' | 'cpuArchitecture' | 'cpuUnits' | 'memoryMb' | 'spoolBytes' | 'logRetention'
  > {
  readonly resources: Readonly<Record<TaskResource, string>>;
  readonly network: RecorderNetwork;
}

/** The cluster, and the task that records one recording. */
export class RecorderTask extends Construct {
  readonly cluster: Cluster;
  readonly taskDefinition: FargateTaskDefinition;

  constructor(scope: Construct, id: string, { network, resources, ...props }: RecorderTaskProps) {
    super(scope, id);
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: network.vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
      enableFargateCapacityProviders: true,
    });
    this.taskDefinition = recorderTaskDefinition(this, {
      ...props,
      task: RECORDER_TASK,
      roleDescription: 'What a recorder may do: write its records and its state',
      environment: Object.fromEntries(
        Object.entries(RECORDER_TASK.environment).map(([name, resource]) => [name, resources[resource]]),
      ),
    });
  }
}
