import { parseWritingKey, writingKey, writingPrefix } from '../state/keys.ts';
import type { Job } from '../state/objects.ts';
import type { OpenPart } from '../state/partObjects.ts';
import type { ListingStore, RemovingStore, Store } from './ports.ts';

/**
 * Which files are being written now, told by keys alone: whoever asks for all of them lists a page of a thousand, and reads
 * none. The recorder makes a key once it has opened the part, and removes it when the part has ended.
 */

type Recording = Pick<Job, 'recordingId' | 'mediaSessionId'>;
type File = Pick<OpenPart, 'part' | 'fileName'>;

export async function markWriting(store: Store, recording: Recording, file: File): Promise<void> {
  await store.create(writingKey(recording, file), {});
}

export async function unmarkWriting(store: RemovingStore, recording: Recording, file: File): Promise<void> {
  await store.remove(writingKey(recording, file));
}

/** Of these parts nobody writes any more. */
export async function forgetWriting(
  store: ListingStore & RemovingStore,
  recordingId: string,
  parts: ReadonlySet<number>,
): Promise<void> {
  const keys = await store.list(writingPrefix(recordingId));
  const over = keys.filter((key) => parts.has(parseWritingKey(key)?.part ?? 0));
  await Promise.all(over.map((key) => store.remove(key)));
}
