import { downloadZip } from 'client-zip';
import { ApiError, type RecorderClient } from '../typescript/client.ts';
import { download } from '../typescript/download.ts';

type PartsClient = Pick<RecorderClient, 'parts'>;

/**
 * All files that recordings have in the library, each in a folder of its recording.
 * @throws ApiError nothing_to_download; download_failed: no file is left out without a word
 */
export async function zipOf(client: PartsClient, recordingIds: readonly string[]): Promise<Blob> {
  let fault: unknown;
  async function* files() {
    try {
      yield* filesOf(client, recordingIds);
    } catch (cause) {
      fault = cause;
      throw cause;
    }
  }
  return await downloadZip(files())
    .blob()
    .catch((cause: unknown) => {
      // A browser says of a stream that failed only that it failed.
      throw fault ?? cause;
    });
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
