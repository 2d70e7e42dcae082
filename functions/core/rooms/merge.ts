import * as z from 'zod/mini';
import { recordingSettingsSchema } from '../settings/settings.ts';
import { atMs, count, optional, ordinal, text } from '../state/fields.ts';
import { trackSchema } from '../state/partObjects.ts';
import { MERGE_LAYOUTS } from './layout.ts';

/**
 * A room's recordings as one file. As in `state/objects.ts`, facts are create-only objects; they lie below
 * `state/rooms/mergeJobs/<mergeId>/`. The result is a recording of its own, whose id is the merge's. docs/decisions/room-merge.md.
 */

/** What to do about what is still recorded: wait for its end, or take what is in the library. */
export const MERGE_RUNNING = ['wait', 'take'] as const;

/** Of a grid. */
export const mergePictureSchema = z.object({
  width: ordinal,
  height: ordinal,
  fps: ordinal,
  /** Each participant's name is burnt in. */
  names: z.boolean(),
});
export type MergePicture = z.infer<typeof mergePictureSchema>;

/** `job.json`: what to merge. Create-only, whoever asks for it. */
export const mergeJobSchema = z.object({
  mergeId: text,
  room: text,
  requestedAtMs: atMs,
  requestId: text,
  layout: z.enum(MERGE_LAYOUTS),
  /** Wall clock, epoch milliseconds; where one is missing, the room's own beginning or end is meant. */
  fromMs: optional(atMs),
  toMs: optional(atMs),
  running: z.enum(MERGE_RUNNING),
  /** Of the file, without its ending. */
  name: optional(text),
  picture: optional(mergePictureSchema),
  /** Nobody asked: the room's last participant had left. */
  automatic: optional(z.literal(true)),
  /** Of the result: its name, pictures and tags. */
  settings: recordingSettingsSchema,
});
export type MergeJob = z.infer<typeof mergeJobSchema>;

/** A stretch of a record, on two timelines: its own, and the merge's. */
export const mergePieceSchema = z.object({
  recordingId: text,
  attempt: ordinal,
  part: ordinal,
  bucket: text,
  key: text,
  versionId: optional(text),
  etag: text,
  bytes: count,
  format: z.enum(['mp4', 'webm', 'mkv', 'ts']),
  /** Wall clock of the record's own zero. */
  startTimeMs: atMs,
  /** Of the whole record. */
  durationMs: z.number(),
  /** What is taken of it, in its own media time: 0 and `durationMs` where nothing is cut there. */
  fromMs: z.number(),
  toMs: z.number(),
  /** When that is shown in the merge: since its zero. */
  shownFromMs: z.number(),
  shownToMs: z.number(),
  /** Where its source was away, in its own media time; whole ones, also outside of what is taken. */
  gaps: z.array(z.object({ atMs: z.number(), durationMs: z.number() })),
  tracks: z.array(trackSchema),
});
export type MergePiece = z.infer<typeof mergePieceSchema>;

/** Why something of the room is not in the merge. */
export const MERGE_LEFT_OUT = [
  'being_recorded',
  'not_in_library',
  'record_gone',
  // Of the layout tracks, whose tracks are those of MP4 records as they are.
  'no_mp4',
  'no_index',
  // Of the others: ffmpeg cannot read it.
  'unreadable',
] as const;

export const mergeLeftOutSchema = z.object({
  recordingId: text,
  streamName: text,
  /** Of the recording; without one, all of it. */
  part: optional(ordinal),
  reason: z.enum(MERGE_LEFT_OUT),
});
export type MergeLeftOut = z.infer<typeof mergeLeftOutSchema>;

export const mergeParticipantSchema = z.object({
  /** Of the stream. Two that were there at the same time under one name are two participants. */
  name: text,
  login: optional(text),
  /** In the order of time; none is shown while another one is. */
  pieces: z.array(mergePieceSchema),
});
export type MergeParticipant = z.infer<typeof mergeParticipantSchema>;

/** What is merged, when it is known: pure data of the room's recordings (`mergePlan.ts`). */
export const mergePlanSchema = z.object({
  /** Wall clock of the merge's zero: its first frame, or where its range begins. */
  zeroMs: atMs,
  /** How long it is. */
  durationMs: z.number(),
  /** In the order in which they came. */
  participants: z.array(mergeParticipantSchema),
  leftOut: z.array(mergeLeftOutSchema),
});
export type MergePlan = z.infer<typeof mergePlanSchema>;

/** `plan.json`: everything that was waited for is there; whoever makes the file, and makes it again, goes by it. Create-only. */
export const keptPlanSchema = z.extend(mergePlanSchema, { plannedAtMs: atMs });
export type KeptPlan = z.infer<typeof keptPlanSchema>;

/** `launch.json`: tasks that were asked for to compose it. The function that makes merges. */
export const mergeLaunchSchema = z.object({ tries: count, atMs });

/** `progress.json`: how far it is. Whoever makes the file, at least every 15 s. */
export const mergeProgressSchema = z.object({
  /** Since when this one works on it. */
  startedAtMs: atMs,
  atMs,
  /** Of the file, from 0 to 100. */
  percent: z.number().check(z.minimum(0), z.maximum(100)),
  /** What turned out to be of no use while it was made. */
  leftOut: optional(z.array(mergeLeftOutSchema)),
});
export type MergeProgress = z.infer<typeof mergeProgressSchema>;

/** `cancel.json`: it is not wanted any more. Create-only, the API. Whoever makes the file looks every few seconds. */
export const mergeCancelSchema = z.object({ requestedAtMs: atMs, requestId: text });
export type MergeCancel = z.infer<typeof mergeCancelSchema>;

/** Why a merge cannot be made. */
export const MERGE_REASONS = [
  'nothing_shown',
  'too_large',
  'index',
  'record_gone',
  'storage_refused',
  'composer_failed',
] as const;
export const mergeReasonSchema = z.object({ code: z.enum(MERGE_REASONS), message: text });
export type MergeReason = z.infer<typeof mergeReasonSchema>;

/** `refused.json`: since when S3 refuses what it is made of. Create-only, the function that makes merges. */
export const mergeRefusedSchema = z.object({ sinceMs: atMs });

/** `failure.json`: whoever composes cannot, and another try would not help. Create-only, the composing task. */
export const mergeFailureSchema = z.object({ atMs, reason: mergeReasonSchema });
export type MergeFailure = z.infer<typeof mergeFailureSchema>;

/** `outcome.json`: terminal. Create-only, the function that makes merges, and nobody else. */
export const mergeOutcomeSchema = z.object({
  status: z.enum(['available', 'failed', 'canceled']),
  atMs,
  reason: optional(mergeReasonSchema),
});
export type MergeOutcome = z.infer<typeof mergeOutcomeSchema>;

/** All state objects of one merge, as read. */
export interface MergeObjects {
  readonly job: MergeJob;
  readonly plan?: KeptPlan;
  readonly progress?: MergeProgress;
  readonly cancel?: MergeCancel;
  readonly outcome?: MergeOutcome;
}

/**
 * | status | meaning |
 * |---|---|
 * | waiting | asked for; what it is made of is still recorded, or on its way to the library |
 * | processing | it is being made |
 * | canceling | it is not wanted any more, and what was made of it is being removed |
 * | available | it is in the library, as a recording with the merge's id |
 * | failed | it cannot be made; the reason says why |
 * | canceled | nothing of it is left |
 */
export const MERGE_STATUSES = [
  'waiting',
  'processing',
  'canceling',
  'available',
  'failed',
  'canceled',
] as const;
export type MergeStatus = (typeof MERGE_STATUSES)[number];

/** A merge's state is a pure function of its objects: the order in which they were written does not matter. */
export function mergeStatus({ plan, cancel, outcome }: Omit<MergeObjects, 'job'>): MergeStatus {
  if (outcome !== undefined) return outcome.status;
  if (cancel !== undefined) return 'canceling';
  return plan === undefined ? 'waiting' : 'processing';
}

/** What of the room is not in it, as far as it is known. */
export const mergeLeftOut = ({ plan, progress }: Pick<MergeObjects, 'plan' | 'progress'>): MergeLeftOut[] => [
  ...(plan?.leftOut ?? []),
  ...(progress?.leftOut ?? []),
];

/** How long it will still take, by how long it took so far; undefined where nothing can be said. */
export function mergeEtaMs({ progress }: Pick<MergeObjects, 'progress'>): number | undefined {
  if (progress === undefined || progress.percent <= 0) return undefined;
  const { startedAtMs, atMs: nowMs, percent } = progress;
  return Math.round((Math.max(0, nowMs - startedAtMs) * (100 - percent)) / percent);
}

/** More do not fit on a screen, nor into a player's list of tracks. */
export const MERGE_PARTICIPANTS_MAX = 50;
/** Longer than any meeting; a room whose name is used again every day is to be told apart by `from` and `to`. */
export const MERGE_MAX_MS = 48 * 3_600_000;

/** Clips queue: a merge is to be looked at, and brought one step on. What holds is in state. */
export const mergeAskSchema = z.object({ version: z.literal(1), mergeId: text });
export type MergeAsk = z.infer<typeof mergeAskSchema>;
export const mergeAsk = (mergeId: string): MergeAsk => ({ version: 1, mergeId });
