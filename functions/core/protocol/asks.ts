import * as z from 'zod/mini';

/**
 * What functions and hosts ask of each other by queues. A body of another version is of another deployment: it is left
 * for those who know it. What a message says is where to look; what holds is in state.
 */
const VERSION = 1;
const version = z.literal(VERSION);
const ordinal = z.int().check(z.positive());
const count = z.int().check(z.nonnegative());

/** In place of a queue's URL: there are no hosts. */
export const NO_QUEUE = 'none';
/** In place of the name of their service. */
export const NO_HOSTS = 'none';

/** Launch queue: an attempt is to get a recorder. */
export const launchAskSchema = z.object({
  version,
  recordingId: z.string(),
  attempt: ordinal,
  /** When it was asked for first, in epoch milliseconds: the deadline counts from then on. */
  askedAtMs: count,
  /** RunTask was refused so often. */
  tries: count,
  /** Hosts were asked first, and none has taken it in time: there are too few of them. */
  hostsWereAsked: z.exactOptional(z.boolean()),
});
export type LaunchAsk = z.infer<typeof launchAskSchema>;

/** Assignments queue: a host is to carry an attempt. */
export const assignmentSchema = z.object({
  version,
  recordingId: z.string(),
  attempt: ordinal,
  /** The host that hands it over. */
  avoidHostId: z.exactOptional(z.string()),
});
export type Assignment = z.infer<typeof assignmentSchema>;

/** Settle queue: an attempt ended inside a host, or with it. */
export const settleAskSchema = z.object({
  version,
  recordingId: z.string(),
  attempt: ordinal,
  /** Its claim has the same one, or somebody else has the attempt. */
  runId: z.string(),
  reason: z.string(),
  by: z.string(),
  endedAtMs: count,
  /** The process ended under it. */
  died: z.boolean(),
  /** Nobody saw it end: its host was silent. */
  mayLive: z.exactOptional(z.boolean()),
});
export type SettleAsk = z.infer<typeof settleAskSchema>;

/** Settle queue: attempts that ended together, with their process. */
export const settleAsksSchema = z.object({ version, asks: z.array(settleAskSchema).check(z.minLength(1)) });
export type SettleAsks = z.infer<typeof settleAsksSchema>;

/** Settle queue: a host says nothing any more, and with it ended all that it carried. */
export const hostGoneAskSchema = z.object({
  version,
  hostId: z.string().check(z.minLength(1)),
  reason: z.string(),
  by: z.string(),
  endedAtMs: count,
});
export type HostGoneAsk = z.infer<typeof hostGoneAskSchema>;

export function assignment(recordingId: string, attempt: number, avoidHostId?: string): Assignment {
  return {
    version: VERSION,
    recordingId,
    attempt,
    ...(avoidHostId === undefined ? {} : { avoidHostId }),
  };
}

export function settleAsk(ask: Omit<SettleAsk, 'version'>): SettleAsk {
  return { version: VERSION, ...ask };
}

export function settleAsks(asks: readonly SettleAsk[]): SettleAsks {
  return { version: VERSION, asks: [...asks] };
}

export function hostGoneAsk(ask: Omit<HostGoneAsk, 'version'>): HostGoneAsk {
  return { version: VERSION, ...ask };
}

export function launchAsk(
  recordingId: string,
  attempt: number,
  askedAtMs: number,
  more: Pick<LaunchAsk, 'hostsWereAsked'> = {},
): LaunchAsk {
  return { version: VERSION, recordingId, attempt, askedAtMs, tries: 0, ...more };
}
