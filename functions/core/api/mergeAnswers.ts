import * as z from 'zod/mini';
import { MERGE_LAYOUTS } from '../rooms/layout.ts';
import {
  MERGE_RUNNING,
  MERGE_STATUSES,
  mergeLeftOutSchema,
  mergePictureSchema,
  mergeReasonSchema,
} from '../rooms/merge.ts';

/** What the API answers about merges of rooms, for the OpenAPI document and for the tests that hold real answers against it. */
const optional = z.exactOptional;
const time = z.iso.datetime();
const count = z.int().check(z.nonnegative());

const shape = {
  mergeId: z.string(),
  room: z.string(),
  layout: z.enum(MERGE_LAYOUTS),
  status: z.enum(MERGE_STATUSES),
  reason: optional(mergeReasonSchema),
  requestedAt: time,
  endedAt: optional(time),
  /** As asked for. */
  from: optional(time),
  to: optional(time),
  name: optional(z.string()),
  running: z.enum(MERGE_RUNNING),
  picture: optional(mergePictureSchema),
  /** Nobody asked for it: the room's last participant had left. */
  automatic: optional(z.literal(true)),
  progress: optional(
    z.strictObject({
      at: time,
      percent: z.number(),
      /** How long it will still take, by how long it took. */
      etaMs: optional(count),
    }),
  ),
  /** What it has become: a recording like any other. */
  recordingId: optional(z.string()),
};

export const mergeAnswer = z.strictObject({
  ...shape,
  /** Wall clock of its zero: the room's first frame, or where it was cut. */
  startTime: optional(time),
  durationMs: optional(count),
  /** In the order in which they came; known when it is not waiting any more. */
  participants: optional(
    z.array(
      z.strictObject({
        name: z.string(),
        login: optional(z.string()),
        /** When they were there, in the merge's own time. */
        shown: z.array(
          z.strictObject({
            recordingId: z.string(),
            part: z.int(),
            fromMs: count,
            toMs: count,
          }),
        ),
      }),
    ),
  ),
  /** What of the room is not in it, and why. */
  leftOut: optional(z.array(mergeLeftOutSchema)),
});

export const mergesAnswer = z.strictObject({
  merges: z.array(z.strictObject(shape)),
  nextToken: optional(z.string()),
});
