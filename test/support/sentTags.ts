import { setTimeout as delay } from 'node:timers/promises';
import type { Listener } from '../streams/feed.ts';
import { isKeyframe, type SentTag } from '../streams/media.ts';
import { type FlvTag, isConfiguration } from './flvTags.ts';

/** A tag of a publisher who sends one stream, and nothing else happens to it. */
export const sentTag = (tag: FlvTag): SentTag => ({
  ...tag,
  trueMs: tag.atMs,
  isHeader: isConfiguration(tag),
  isKeyframe: isKeyframe(tag),
  variant: 'first',
  epoch: 0,
  publisher: 0,
});

/**
 * Sends these, each when it is due, for as long as somebody listens.
 * @param dueMs since this was called; by default in their own time
 */
export async function sendInTime(
  listener: Listener,
  tags: readonly FlvTag[],
  dueMs = (tag: FlvTag): number => tag.atMs,
): Promise<void> {
  const beganAtMs = performance.now();
  for (const tag of tags) {
    const waitMs = dueMs(tag) - (performance.now() - beganAtMs);
    if (waitMs > 0) await delay(waitMs);
    if (listener.isGone) return;
    listener.write(sentTag(tag));
  }
}
