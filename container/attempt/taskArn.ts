import { logger } from '../../functions/aws/logger.ts';

/** The task's own ARN from ECS's metadata endpoint; undefined where it cannot be had. */
export async function taskArn(metadataUri: string | undefined): Promise<string | undefined> {
  if (metadataUri === undefined) return undefined;
  try {
    const answer = await fetch(`${metadataUri}/task`, { signal: AbortSignal.timeout(2_000) });
    const { TaskARN } = (await answer.json()) as { readonly TaskARN?: string };
    return TaskARN;
  } catch (error) {
    logger.warn('the task metadata could not be read', error as Error);
    return undefined;
  }
}
