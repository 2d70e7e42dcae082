import { ECSClient } from '@aws-sdk/client-ecs';
import { once } from './once.ts';
import { stopTasks } from './tasks.ts';

const client = once(() => new ECSClient());

/** A file of its own, for functions that load ECS when something is stopped: a start does without. */
export const stopTasksOf = (cluster: string, recordingId: string, reason: string): Promise<void> =>
  stopTasks(client(), cluster, recordingId, reason);
