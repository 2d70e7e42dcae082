import * as z from 'zod/mini';
import { isRecordingId } from '../state/ids.ts';

/** What we read of an ECS task state change, as EventBridge hands it to a function. */
const taskStateChangeSchema = z.object({
  detail: z.object({
    lastStatus: z.string(),
    taskArn: z.string(),
    group: z.optional(z.string()),
    stopCode: z.optional(z.string()),
    stoppedReason: z.optional(z.string()),
    executionStoppedAt: z.optional(z.string()),
    stoppedAt: z.optional(z.string()),
    containers: z.optional(
      z.array(z.object({ exitCode: z.optional(z.number()), reason: z.optional(z.string()) })),
    ),
    overrides: z.object({
      containerOverrides: z.array(
        z.object({ environment: z.optional(z.array(z.object({ name: z.string(), value: z.string() }))) }),
      ),
    }),
  }),
});

export interface StoppedTask {
  readonly recordingId: string;
  readonly attempt: number;
  readonly taskArn: string;
  /** In ECS's words, with the container's exit code. */
  readonly reason: string;
  /** When its container ended; the task takes its time to stop after that. */
  readonly stoppedAtMs: number | undefined;
}

export interface StoppedHost {
  readonly hostId: string;
  readonly taskArn: string;
  readonly reason: string;
  readonly stoppedAtMs: number | undefined;
}

type Detail = z.infer<typeof taskStateChangeSchema>['detail'];

/** A container that has an exit code does nothing more, however long its task takes to be STOPPED. */
function goneTask(event: unknown): Detail | undefined {
  const parsed = taskStateChangeSchema.safeParse(event);
  if (!parsed.success) return undefined;
  const { detail } = parsed.data;
  const hasExited = detail.containers?.some(({ exitCode }) => exitCode !== undefined) ?? false;
  return detail.lastStatus === 'STOPPED' || hasExited ? detail : undefined;
}

/** The host that is gone: a task of a service; undefined for any other event. */
export function stoppedHost(event: unknown): StoppedHost | undefined {
  const detail = goneTask(event);
  if (detail?.group?.startsWith('service:') !== true) return undefined;
  const { taskArn } = detail;
  return { hostId: taskArn.slice(taskArn.lastIndexOf('/') + 1), taskArn, ...howItStopped(detail) };
}

/** The dedicated task of an attempt that is gone; undefined for any other event. */
export function stoppedTask(event: unknown): StoppedTask | undefined {
  const detail = goneTask(event);
  if (detail === undefined) return undefined;
  const environment = detail.overrides.containerOverrides.flatMap((container) => container.environment ?? []);
  const value = (name: string): string => environment.find((one) => one.name === name)?.value ?? '';
  const recordingId = value('RECORDING_ID');
  const attempt = Number(value('ATTEMPT'));
  if (!isRecordingId(recordingId) || !Number.isSafeInteger(attempt) || attempt < 1) return undefined;
  return { recordingId, attempt, taskArn: detail.taskArn, ...howItStopped(detail) };
}

function howItStopped(detail: Detail): { readonly reason: string; readonly stoppedAtMs: number | undefined } {
  const container = detail.containers?.[0];
  const pieces = [
    detail.stopCode,
    detail.stoppedReason,
    container?.reason,
    container?.exitCode === undefined ? undefined : `exit code ${container.exitCode}`,
  ];
  const stoppedAtMs = Date.parse(detail.executionStoppedAt ?? detail.stoppedAt ?? '');
  return {
    reason: pieces.filter((piece) => piece !== undefined && piece !== '').join(', ') || 'no reason given',
    stoppedAtMs: Number.isNaN(stoppedAtMs) ? undefined : stoppedAtMs,
  };
}
