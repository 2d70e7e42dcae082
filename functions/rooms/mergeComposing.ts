import type { StateStore } from '../aws/stateStore.ts';
import type { Clock } from '../core/protocol/ports.ts';
import { mergeLaunchSchema } from '../core/rooms/merge.ts';
import { mergeKey } from '../core/rooms/mergeKeys.ts';
import { CannotMerge } from './cannotMerge.ts';

/** Gets a merge an ffmpeg: an ECS task. */
export interface Composer {
  /** @param tries which task of the merge it is: the same one asked for twice is one. @returns why ECS refuses it; empty where it takes it */
  run(mergeId: string, tries: number): Promise<readonly string[]>;
  isAtWork(mergeId: string): Promise<boolean>;
  /** Tells it to end. */
  stop(mergeId: string): Promise<void>;
}

/** Tasks that end without a result. ECS that has no room is asked for longer. */
const TRIES_MAX = 3;
const TASK_AGAIN_MS = 10_000;
/** A task that was asked for shows itself by then. */
const SHOWN_WITHIN_MS = 10_000;

/** Sees to it that a task composes the merge. @returns when to look again. @throws CannotMerge */
export async function composed(
  {
    store,
    composer,
    clock,
  }: { readonly store: StateStore; readonly composer: Composer; readonly clock: Clock },
  mergeId: string,
): Promise<{ readonly againMs: number }> {
  const again = { againMs: TASK_AGAIN_MS };
  const launch = (await store.read(mergeKey(mergeId, 'launch'), mergeLaunchSchema))?.value;
  const nowMs = clock.nowMs();
  if (launch !== undefined && nowMs - launch.atMs < SHOWN_WITHIN_MS) return again;
  if (await composer.isAtWork(mergeId)) return again;
  const tries = (launch?.tries ?? 0) + 1;
  if (tries > TRIES_MAX)
    throw new CannotMerge({
      code: 'composer_failed',
      message: `${TRIES_MAX} tasks have ended without a result; their logs say why.`,
    });
  const refused = await composer.run(mergeId, tries);
  if (refused.length === 0) await store.overwrite(mergeKey(mergeId, 'launch'), { tries, atMs: nowMs });
  return again;
}
