import { logger } from '../../functions/aws/logger.ts';
import { askTaskEndpoint } from './taskEndpoint.ts';

const ANSWERS_WITHIN_MS = 2_000;

/** The task's own ARN from ECS's metadata endpoint; undefined where it cannot be had. */
export async function taskArn(metadataUri: string | undefined): Promise<string | undefined> {
  if (metadataUri === undefined) return undefined;
  try {
    const answer = await askTaskEndpoint(`${metadataUri}/task`, { timeoutMs: ANSWERS_WITHIN_MS });
    const { TaskARN } = answer as { readonly TaskARN?: string };
    return TaskARN;
  } catch (error) {
    logger.warn('the task metadata could not be read', error as Error);
    return undefined;
  }
}
