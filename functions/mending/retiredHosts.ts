import type { ECSClient } from '@aws-sdk/client-ecs';
import { ofEarlierDeployments, retireHost } from '../aws/hosts.ts';
import type { ListedObject, StateStore } from '../aws/stateStore.ts';
import { NO_HOSTS } from '../core/protocol/asks.ts';
import { hostStatusSchema } from '../core/state/hostObjects.ts';
import { HOSTS_PREFIX } from '../core/state/keys.ts';
import { inBatches } from './batches.ts';
import type { Walk } from './walk.ts';

const AT_ONCE = 32;
/** A host without recordings says every 15 s that it is there. */
const SILENT_MS = 60_000;

export interface HostsPlace {
  readonly ecs: ECSClient;
  readonly store: StateStore;
  readonly cluster: string;
  /** The name of the hosts' service, or that there is none. */
  readonly hostsService: string;
}

/**
 * Tells hosts of an earlier deployment to hand over and end. One without recordings is ended by ECS; one with recordings
 * protects itself, and would stay for as long as they go on.
 * @param onFault told of a host that could not be looked at
 * @returns how many were told
 */
export async function retireOldHosts(
  { ecs, store, cluster, hostsService: service }: HostsPlace,
  walk: Walk,
  nowMs: number,
  onFault: (error: unknown, entry: ListedObject) => void,
): Promise<number> {
  if (service === NO_HOSTS) return 0;
  let told = 0;
  await walk.through('hosts', HOSTS_PREFIX, async (entries) => {
    const hostIds = new Map<string, string>();
    const fresh = entries.filter(
      ({ key, modifiedAtMs }) => key.endsWith('/status.json') && nowMs - modifiedAtMs < SILENT_MS,
    );
    const read = async ({ key }: ListedObject): Promise<void> => {
      const status = (await store.read(key, hostStatusSchema))?.value;
      if (status?.taskArn !== undefined && status.recordings > 0) hostIds.set(status.taskArn, status.hostId);
    };
    await inBatches(fresh, AT_ONCE, read, onFault);
    if (hostIds.size === 0) return;
    for (const taskArn of await ofEarlierDeployments(ecs, { cluster, service }, [...hostIds.keys()])) {
      await retireHost(store, hostIds.get(taskArn) ?? '');
      told += 1;
    }
  });
  return told;
}
