import type { Status } from '../typescript/client.ts';
import { History, type Sample } from './history.ts';

/** How much goes on, and how much waits for it. */
export interface LoadSample extends Sample {
  readonly recordings: number;
  /** Messages of all queues. */
  readonly waiting: number;
}

/** What a host uses. */
export interface HostSample extends Sample {
  readonly vcpu: number;
  readonly memoryBytes: number;
  readonly diskPercent: number;
}

const load = new History<LoadSample>();
const hosts = new History<HostSample>();
const ALL = 'all';

/** Keeps what is told of the deployment, for its graphs. */
export function noteStatus(status: Status): Status {
  const waiting = status.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  load.note(ALL, { atMs: Date.parse(status.at), recordings: status.activeRecordings, waiting });
  for (const { hostId, at, cpuUnits, memoryBytes, diskPercent } of status.hosts)
    hosts.note(hostId, { atMs: Date.parse(at), vcpu: cpuUnits / 1024, memoryBytes, diskPercent });
  return status;
}

export const loadHistory = (): readonly LoadSample[] => load.of(ALL);
export const hostHistory = (hostId: string): readonly HostSample[] => hosts.of(hostId);
