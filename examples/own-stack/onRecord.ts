import type { EventBridgeEvent } from 'aws-lambda';

/** What this function reads of the event's detail. */
interface RecordAvailable {
  /** The same record announced twice has the same id. */
  readonly id: string;
  readonly streamName: string;
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  readonly durationMs: number;
}

/** Runs for each record in the library: the place for a transcription, a thumbnail, a message to the editors. */
export const handler = async (
  event: EventBridgeEvent<'Record Available', RecordAvailable>,
): Promise<void> => {
  const { id, streamName, bucket, key, bytes, durationMs } = event.detail;
  console.log(
    JSON.stringify({ message: 'a record is available', id, streamName, bucket, key, bytes, durationMs }),
  );
};
