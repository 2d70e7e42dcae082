import { randomUUID } from 'node:crypto';
import { taskArn } from '../attempt/taskArn.ts';
import type { HostEnv } from './env.ts';

export interface HostIdentity {
  /** The id of its ECS task. */
  readonly hostId: string;
  readonly taskArn: string | undefined;
}

/** Who this host is, out of ECS's metadata endpoint; where there is none, nobody else. */
export async function hostIdentity(env: HostEnv): Promise<HostIdentity> {
  const arn = await taskArn(env.ECS_CONTAINER_METADATA_URI_V4);
  return { hostId: arn?.split('/').at(-1) ?? randomUUID(), taskArn: arn };
}
