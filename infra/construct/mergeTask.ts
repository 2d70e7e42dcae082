import type { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { MERGE_TASK } from '../wiring.ts';
import { checkFargateSize } from './fargateSizes.ts';
import { type RecorderTaskDefinitionProps, recorderTaskDefinition } from './recorderTaskDefinition.ts';

export interface MergeProps {
  /**
   * Size of the task that composes a room into one picture, or one sound, in units of 1/1024 vCPU, one of Fargate's. It takes
   * as many as it gets: an hour of four participants is a quarter to half an hour for 4 vCPU.
   * @default 4096
   */
  readonly cpuUnits?: number;
  /**
   * Memory of that task, in MiB; Fargate allows certain sizes for each `cpuUnits`.
   * @default 8192
   */
  readonly memoryMb?: number;
}

interface OwnProps
  extends MergeProps,
    Pick<RecorderTaskDefinitionProps, 'targets' | 'image' | 'cpuArchitecture' | 'logRetention'> {
  readonly landingBucketName: string;
}

/** What an encoder keeps on the disk while the storage is slow. */
const SPOOL_BYTES = 8 * 1024 ** 3;

/** The task that composes a merge of a room: of the recorder's image, with rights and a size of its own. */
export class MergeTask extends Construct {
  readonly taskDefinition: FargateTaskDefinition;

  /** @throws Error a size that cannot be */
  constructor(
    scope: Construct,
    id: string,
    { landingBucketName, cpuUnits = MERGE_TASK.cpuUnits, memoryMb = MERGE_TASK.memoryMb, ...props }: OwnProps,
  ) {
    super(scope, id);
    checkFargateSize('merge.', cpuUnits, memoryMb);
    this.taskDefinition = recorderTaskDefinition(this, {
      ...props,
      task: MERGE_TASK,
      command: MERGE_TASK.command,
      roleDescription: 'What composes merges may do: read records, write their file and how far it is',
      environment: { LANDING_BUCKET: landingBucketName },
      cpuUnits,
      memoryMb,
      spoolBytes: SPOOL_BYTES,
    });
  }
}
