import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { storyboardVtt } from '../core/pictures/storyboard.ts';
import { partStoryboardScenes, storyboardScenes } from '../core/playback/storyboardScenes.ts';
import { readRecording } from '../recordings/read.ts';

/**
 * The list of a recording's small pictures, or of a part's. What it names lies beside it.
 * @throws RecorderError recording_not_found where there are none
 */
export async function readStoryboard(
  store: StateStore,
  recordingId: string,
  part: number | undefined,
): Promise<string> {
  const objects = await readRecording(store, recordingId);
  const scenes =
    objects === undefined
      ? []
      : part === undefined
        ? storyboardScenes(objects)
        : partStoryboardScenes(objects, part);
  if (scenes.length === 0) throw new RecorderError('recording_not_found', 'There is no storyboard.');
  return storyboardVtt(scenes);
}
