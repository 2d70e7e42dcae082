import { downloadZip } from 'client-zip';
import { ApiError, type RecorderClient } from '../typescript/client.ts';
import { download } from '../typescript/download.ts';
import { saveStream } from './saving.ts';

type PartsClient = Pick<RecorderClient, 'parts'>;

/**
 * Saves all files that recordings have in the library as one ZIP, each in a folder of its recording.
 * @throws ApiError nothing_to_download, download_failed: no file is left out without a word; too_large_for_browser
 */
export async function saveZip(
  client: PartsClient,
  recordingIds: readonly string[],
  save: typeof saveStream = saveStream,
): Promise<void> {
  let fault: unknown;
  async function* files() {
    try {
      yield* filesOf(client, recordingIds);
    } catch (cause) {
      fault = cause;
      throw cause;
    }
  }
  const make = () => downloadZip(files()).body ?? new ReadableStream<Uint8Array>();
  try {
    await save('recordings.zip', make, () => bytesOf(client, recordingIds));
  } catch (cause) {
    // A browser says of a stream that failed only that it failed.
    throw fault ?? cause;
  }
}

async function bytesOf(client: PartsClient, recordingIds: readonly string[]): Promise<number> {
  let sum = 0;
  for (const recordingId of recordingIds)
    for (const { bytes = 0 } of await client.parts(recordingId)) sum += bytes;
  return sum;
}

/** Links are asked for when their recording is next: they are good for an hour. */
async function* filesOf(client: PartsClient, recordingIds: readonly string[]) {
  let count = 0;
  for (const recordingId of recordingIds) {
    for (const { part, fileName = `part-${part}`, play } of await client.parts(recordingId)) {
      if (play === undefined) continue;
      count += 1;
      yield { name: `${recordingId}/${fileName}`, input: await download(play.url) };
    }
  }
  if (count === 0) {
    throw new ApiError('None of them has a file in the library yet.', {
      status: 0,
      code: 'nothing_to_download',
    });
  }
}
