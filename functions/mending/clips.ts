import type { Logger } from '@aws-lambda-powertools/logger';
import { OutOfTime } from '../aws/multipartUpload.ts';
import type { ListedObject } from '../aws/stateStore.ts';
import { CLIP_MARKERS_PREFIX, parseClipMarkerKey } from '../core/clips/keys.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { inBatches } from './batches.ts';
import type { Walk } from './walk.ts';

export type MakeClip = (
  place: { readonly recordingId: string; readonly clipId: string },
  log: Logger,
  hasTime: () => boolean,
) => Promise<'settled' | 'waiting'>;

/** Its message would have come by then. */
const OVERDUE_MS = 10 * 60_000;
/** Each may hold ten MiB of media and its tables. */
const AT_ONCE = 2;

/** Makes clips that were asked for and that nobody has made: their messages were lost, or their makers died. */
export async function mendClips(
  { clock, makeClip }: { readonly clock: Clock; readonly makeClip: MakeClip },
  walk: Walk,
  log: Logger,
  onFault: (error: unknown, entry: ListedObject) => void,
): Promise<number> {
  let made = 0;
  await walk.through('clips', CLIP_MARKERS_PREFIX, async (entries) => {
    const overdue = entries.filter(({ modifiedAtMs }) => clock.nowMs() - modifiedAtMs >= OVERDUE_MS);
    const make = async ({ key }: ListedObject): Promise<void> => {
      const place = parseClipMarkerKey(key);
      if (place === undefined) return;
      try {
        if ((await makeClip(place, log.createChild(), () => walk.hasTime)) === 'settled') made += 1;
      } catch (error) {
        // The next run goes on with it.
        if (!(error instanceof OutOfTime)) throw error;
      }
    };
    await inBatches(overdue, AT_ONCE, make, onFault);
  });
  return made;
}
