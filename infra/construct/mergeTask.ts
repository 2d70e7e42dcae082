import type { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { MERGE_TASK } from '../wiring.ts';
import { type RecorderTaskDefinitionProps, recorderTaskDefinition } from './recorderTaskDefinition.ts';

export interface MergeTaskProps
  extends Pick<RecorderTaskDefinitionProps, 'targets' | 'image' | 'cpuArchitecture' | 'logRetention'> {
  readonly landingBucketName: string;
}

/** What an encoder keeps on the disk while the storage is slow. */
const SPOOL_BYTES = 8 * 1024 ** 3;

/** The task that composes a merge of a room: of the recorder's image, with rights and a size of its own. */
export class MergeTask extends Construct {
  readonly taskDefinition: FargateTaskDefinition;

  constructor(scope: Construct, id: string, { landingBucketName, ...props }: MergeTaskProps) {
    super(scope, id);
    this.taskDefinition = recorderTaskDefinition(this, {
      ...props,
      task: MERGE_TASK,
      command: MERGE_TASK.command,
      roleDescription: 'What composes merges may do: read records, write their file and how far it is',
      environment: { LANDING_BUCKET: landingBucketName },
      cpuUnits: MERGE_TASK.cpuUnits,
      memoryMb: MERGE_TASK.memoryMb,
      spoolBytes: SPOOL_BYTES,
    });
  }
}
