import { type MergeObjects, mergeEtaMs, mergeLeftOut, mergeStatus } from '../rooms/merge.ts';
import { isoTime } from './views.ts';

/** A merge as a list shows it. */
export function mergeSummary(merge: MergeObjects): Record<string, unknown> {
  const { job, outcome, progress } = merge;
  const status = mergeStatus(merge);
  return {
    mergeId: job.mergeId,
    room: job.room,
    layout: job.layout,
    status,
    reason: outcome?.reason,
    requestedAt: isoTime(job.requestedAtMs),
    endedAt: isoTime(outcome?.atMs),
    from: isoTime(job.fromMs),
    to: isoTime(job.toMs),
    name: job.name,
    running: job.running,
    picture: job.picture,
    automatic: job.automatic,
    progress:
      progress === undefined || outcome !== undefined
        ? undefined
        : { at: isoTime(progress.atMs), percent: progress.percent, etaMs: mergeEtaMs(merge) },
    recordingId: status === 'available' ? job.mergeId : undefined,
  };
}

/** A merge as the API shows it: with who is in it, and when. */
export function mergeView(merge: MergeObjects): Record<string, unknown> {
  const { plan } = merge;
  const leftOut = mergeLeftOut(merge);
  return {
    ...mergeSummary(merge),
    startTime: isoTime(plan?.zeroMs),
    durationMs: plan === undefined ? undefined : Math.round(plan.durationMs),
    participants: plan?.participants.map(({ name, login, pieces }) => ({
      name,
      login,
      shown: pieces.map(({ recordingId, part, shownFromMs, shownToMs }) => ({
        recordingId,
        part,
        fromMs: Math.round(shownFromMs),
        toMs: Math.round(shownToMs),
      })),
    })),
    leftOut: leftOut.length === 0 ? undefined : leftOut,
  };
}
