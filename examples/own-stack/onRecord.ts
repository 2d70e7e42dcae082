import type { EventBridgeEvent } from 'aws-lambda';
import type { RecordAvailable } from '../../functions/core/events/published.ts';

/**
 * Runs for each record in the library: the place for a transcription, a thumbnail, a message to the editors. At least
 * once: the same record announced twice has the same `id`.
 */
export const handler = async (
  event: EventBridgeEvent<'Record Available', RecordAvailable>,
): Promise<void> => {
  const { id, streamName, bucket, key, bytes, durationMs, complete } = event.detail;
  console.log(
    JSON.stringify({
      message: 'a record is available',
      id,
      streamName,
      bucket,
      key,
      bytes,
      durationMs,
      complete,
    }),
  );
};
