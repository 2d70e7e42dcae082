import * as z from 'zod/mini';
import type { HostStatus } from '../state/hostObjects.ts';
import { API_VERSION, VERSION } from './version.ts';
import { isoTime } from './views.ts';

/** `state/reconcile/last.json`: the last run, and what it mended by kind. Reconcile alone writes it. */
export const reconciledSchema = z.object({
  atMs: z.int().check(z.nonnegative()),
  mended: z.record(z.string(), z.int().check(z.nonnegative())),
});
export type Reconciled = z.infer<typeof reconciledSchema>;

export interface QueueCounts {
  readonly name: string;
  readonly waiting: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface StatusFacts {
  readonly nowMs: number;
  /** Recordings that go on, as far as they were counted. */
  readonly active: { readonly count: number; readonly isMore: boolean };
  readonly hosts: readonly HostStatus[];
  readonly queues: readonly QueueCounts[];
  readonly reconciled: Reconciled | undefined;
}

/** How the deployment is, for the person on call. */
export function statusView({
  nowMs,
  active,
  hosts,
  queues,
  reconciled,
}: StatusFacts): Record<string, unknown> {
  return {
    at: isoTime(nowMs),
    version: VERSION,
    apiVersion: API_VERSION,
    activeRecordings: active.count,
    moreActiveRecordings: active.isMore,
    hosts: hosts
      .toSorted((a, b) => a.hostId.localeCompare(b.hostId))
      .map(({ hostId, atMs, recordings, full, usage }) => ({
        hostId,
        at: isoTime(atMs),
        recordings,
        full,
        cpuUnits: Math.round(usage.cpuUnits),
        memoryBytes: Math.round(usage.memoryBytes),
        diskPercent: Math.round(usage.diskShare * 100),
      })),
    queues,
    reconciled:
      reconciled === undefined ? undefined : { at: isoTime(reconciled.atMs), mended: reconciled.mended },
  };
}
