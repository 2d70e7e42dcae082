import type { ECSClient } from '@aws-sdk/client-ecs';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { RecorderClient } from '../../clients/typescript/client.ts';
import type { Undo } from './check.ts';

/** A deployment, by the outputs of its stack. */
export interface Deployment {
  readonly apiUrl: string;
  readonly landingBucket: string;
  readonly libraryBucket: string;
  readonly eventBusName: string;
  readonly clusterName: string;
}

/** What checks work with. Everything that they make has `runId` in its name. */
export interface VerifyContext {
  readonly deployment: Deployment;
  /** Lower-case letters, digits and hyphens. */
  readonly runId: string;
  readonly s3: S3Client;
  readonly ecs: ECSClient;
  readonly events: EventBridgeClient;
  readonly sqs: SQSClient;
  readonly api: RecorderClient;
  readonly undo: Undo;
}

const LOOK_EVERY_MS = 500;

/** Asks until there is an answer. @throws Error saying what did not come in time */
export async function until<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > endMs) throw new Error(`no ${what} within ${withinMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
