import type { EndCode } from '../../functions/core/state/objects.ts';

/**
 * What the task's exit code tells whoever looks at ECS alone. The whole story is in the attempt's `end.json`.
 *
 * | code | meaning |
 * |---|---|
 * | 0 | ended as asked, or the source ended; also when there was nothing to do |
 * | 1 | a defect of the recorder |
 * | 10 | the source could not be opened, or gave nothing |
 * | 20 | the record could not be stored |
 * | 30 | interrupted: told to end without a stop having been asked; or handed over, before it was |
 * | 40 | another task has this attempt, or took over its upload |
 */
export const EXIT_CODES: Readonly<Record<EndCode, number>> = {
  stopped: 0,
  stopped_before_media: 0,
  source_ended: 0,
  source_not_found: 10,
  source_refused: 10,
  source_timed_out: 10,
  source_unresolvable: 10,
  source_unauthorised: 10,
  source_forbidden: 10,
  source_not_media: 10,
  source_failed: 10,
  source_empty: 10,
  storage_failed: 20,
  spool_full: 20,
  interrupted: 30,
  handed_over: 30,
  superseded: 40,
  never_started: 1,
  recorder_failed: 1,
};
