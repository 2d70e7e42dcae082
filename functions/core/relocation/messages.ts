import { moveContinuesSchema } from '../events/published.ts';
import { createdKeys, type S3Notification } from '../events/s3Notification.ts';

/** Landing's keys that a message in the queue is about: one of S3's, its test event, or one of our own. */
export function keysToMove(body: unknown): readonly string[] {
  const continued = moveContinuesSchema.safeParse(body);
  if (continued.success) return [continued.data.detail.key];
  return createdKeys(body as S3Notification);
}
