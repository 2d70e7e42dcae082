import * as z from 'zod/mini';

/** The objects of hosts, as JSON in the landing bucket (`objects.ts` has those of recordings). */
const atMs = z.int().check(z.nonnegative());
const count = z.int().check(z.nonnegative());
const optional = z.exactOptional;

/** `state/hosts/<host>/carries/…`: an attempt that the host was given, from before its claim to its end. */
export const carriedSchema = z.object({
  recordingId: z.string(),
  attempt: z.int().check(z.positive()),
  runId: z.string(),
});

/** `state/hosts/<host>/status.json`: a host's heartbeat. */
export const hostStatusSchema = z.object({
  hostId: z.string(),
  atMs,
  taskArn: optional(z.string()),
  recordings: count,
  /** Why it takes no other one now. */
  full: optional(z.string()),
  usage: z.object({
    cpuUnits: z.number(),
    memoryBytes: z.number(),
    diskShare: z.number(),
    loopDelayMs: z.number(),
  }),
});
export type HostStatus = z.infer<typeof hostStatusSchema>;
