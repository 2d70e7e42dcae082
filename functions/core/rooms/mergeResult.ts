import { START_TIME_FILE_TEMPLATE } from '../names/rules.ts';
import type { RecordingSettings } from '../settings/settings.ts';
import type { Job } from '../state/objects.ts';
import type { MergeJob, MergePlan } from './merge.ts';

/** The result is one MP4: the only part of the only attempt of its recording. */
export const MERGE_ATTEMPT = 1;
export const MERGE_PART = 1;
export const MERGE_FORMAT = 'mp4';

/**
 * The job of the recording that a merge becomes. It is in no room, so that no merge is a participant of the next one, and of
 * no stream: its media session is the merge itself. It was "asked for" when the room's first frame was, which its name says.
 */
export function resultJob(job: MergeJob, { zeroMs }: Pick<MergePlan, 'zeroMs'>): Job {
  const { mergeId, room, layout, name, requestId } = job;
  return {
    recordingId: mergeId,
    mediaSessionId: mergeId,
    requestedAtMs: zeroMs,
    requestId,
    source: { url: '' },
    stream: { name: name ?? room },
    settings: resultSettings(job),
    merge: { room, layout },
  };
}

/** Named by whoever asked, else after the room, when it began, and the layout; in the library's folders of this deployment. */
function resultSettings({ name, layout, settings }: MergeJob): RecordingSettings {
  const named =
    name === undefined
      ? ({ policy: 'template', fileTemplate: `${START_TIME_FILE_TEMPLATE}-${layout}` } as const)
      : ({ policy: 'streamName' } as const);
  return {
    ...settings,
    names: { ...settings.names, ...named },
    rotation: { kind: 'none' },
    join: false,
  };
}
