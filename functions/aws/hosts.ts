import { randomUUID } from 'node:crypto';
import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  type ECSClient,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { attemptsPrefix, hostAskKey, hostNudgeKey, hostRetireKey } from '../core/state/keys.ts';
import { claimSchema } from '../core/state/objects.ts';
import type { StateStore } from './stateStore.ts';

/**
 * Tells the hosts that carry a recording to look what was asked of it: within a second, where they would look by
 * themselves a few seconds later. What was asked is in state before.
 */
export async function nudgeHosts(store: StateStore, recordingId: string): Promise<void> {
  const claims = (await store.list(attemptsPrefix(recordingId))).filter((key) => key.endsWith('/claim.json'));
  const read = await Promise.all(claims.map((key) => store.read(key, claimSchema)));
  const hostIds = new Set(read.flatMap((claim) => claim?.value.hostId ?? []));
  await Promise.all(
    [...hostIds].map(async (hostId) => {
      await store.overwrite(hostAskKey(hostId, recordingId), {});
      await store.overwrite(hostNudgeKey(hostId), { nonce: randomUUID() });
    }),
  );
}

/** Tells a host to hand over what it carries, and to end. Once is enough. */
export async function retireHost(store: StateStore, hostId: string): Promise<void> {
  await store.create(hostRetireKey(hostId), {});
  await store.overwrite(hostNudgeKey(hostId), { nonce: randomUUID() });
}

/**
 * One host more, unless one is on its way already, or there are as many as there may be: Application Auto Scaling finds out
 * after minutes, and takes it away again when it is not needed.
 * @returns whether one was asked for
 */
export async function addHost(
  ecs: ECSClient,
  { cluster, service, max }: { readonly cluster: string; readonly service: string; readonly max: number },
): Promise<boolean> {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  const { desiredCount = 0, runningCount = 0 } = services[0] ?? {};
  if (services.length === 0 || desiredCount > runningCount || desiredCount >= max) return false;
  // Two that ask at the same time ask for the same number.
  await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: desiredCount + 1 }));
  return true;
}

/** "Up to 100" in one DescribeTasks. */
const DESCRIBED_MAX = 100;

/**
 * Hosts that the service has replaced, or is about to: ECS does not end one that protects itself. Nobody is told to end
 * before a host of the present deployment runs.
 * @param taskArns of hosts
 * @returns those of an earlier deployment
 */
export async function ofEarlierDeployments(
  ecs: ECSClient,
  { cluster, service }: { readonly cluster: string; readonly service: string },
  taskArns: readonly string[],
): Promise<readonly string[]> {
  const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  const primary = services[0]?.deployments?.find(({ status }) => status === 'PRIMARY');
  if (primary?.id === undefined || (primary.runningCount ?? 0) === 0) return [];
  const earlier: string[] = [];
  for (let at = 0; at < taskArns.length; at += DESCRIBED_MAX) {
    const page = taskArns.slice(at, at + DESCRIBED_MAX);
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: page }));
    // "If a task is started by an Amazon ECS service, [startedBy is] the deployment ID of that service" (API reference, Task).
    for (const { taskArn, startedBy } of tasks)
      if (taskArn !== undefined && startedBy !== primary.id) earlier.push(taskArn);
  }
  return earlier;
}
