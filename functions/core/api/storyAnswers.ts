import * as z from 'zod/mini';
import { FORMATS } from '../settings/settings.ts';
import { outcomeSchema, reasonSchema } from '../state/objects.ts';
import { leftOutSchema } from '../state/partObjects.ts';
import { STORY_EVENT_TYPES, type StoryEventType } from './story.ts';

/** What `GET /recordings/{recordingId}/events` answers with: a recording's story. As in `answers.ts`, functions do not import it. */
const optional = z.exactOptional;
const time = z.iso.datetime();
const count = z.int().check(z.nonnegative());

/** Fields of each type of story event, besides its time. */
const storyFields = {
  requested: { requestId: z.string(), replaces: optional(z.string()) },
  launched: { attempt: z.int() },
  firstFrame: { attempt: z.int() },
  partOpened: {
    part: z.int(),
    attempt: z.int(),
    fileName: z.string(),
    format: z.enum(FORMATS),
    leftOut: optional(z.array(leftOutSchema)),
  },
  sourceLost: { part: z.int() },
  sourceBack: { part: z.int(), durationMs: count },
  rotateAsked: { sequence: z.int() },
  ending: { attempt: z.int(), reason: reasonSchema },
  stopAsked: { by: z.string(), reason: z.string() },
  partFinished: { part: z.int(), bytes: count, durationMs: count, recovered: z.boolean() },
  attemptEnded: {
    attempt: z.int(),
    by: z.string(),
    reason: reasonSchema,
    /** For how long the next attempt had recorded beside it; where it handed over. */
    overlapMs: optional(count),
  },
  ended: { status: outcomeSchema.shape.status, reason: reasonSchema },
  recordAvailable: { part: z.int(), key: z.string() },
} as const satisfies Record<StoryEventType, z.core.$ZodLooseShape>;

const storyEvent = z.union(
  STORY_EVENT_TYPES.map((type) =>
    z.strictObject({ at: time, afterMs: z.int(), type: z.literal(type), ...storyFields[type] }),
  ),
);

export const eventsAnswer = z.strictObject({
  recordingId: z.string(),
  events: z.array(storyEvent),
  nextToken: optional(z.string()),
});
