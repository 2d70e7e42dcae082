import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';

export interface StopRecordingsOptions {
  readonly apiUrl: string;
  /** Ids of the recordings that have a task. */
  readonly running: () => readonly string[];
  /** No recorder is being asked for. */
  readonly isQuiet: () => boolean;
  /** Aborted when there is no more time. */
  readonly signal: AbortSignal;
  readonly onProblem: (message: string, recordingId: string) => void;
}

const recordingSchema = z.object({ mediaSessionId: z.string() });
const LOOK_EVERY_MS = 50;
const MAX_TRIES = 3;

/**
 * Stops every recording as a caller of the API would, so that each ends in a whole record with the reason "stopped",
 * and waits until no task runs. Recordings that are started meanwhile are stopped too.
 */
export async function stopRecordings(options: StopRecordingsOptions): Promise<void> {
  const asked = new Set<string>();
  const tries = new Map<string, number>();
  while (!options.signal.aborted) {
    const running = options.running();
    if (running.length === 0 && options.isQuiet()) return;
    await Promise.all(
      running
        .filter((recordingId) => !asked.has(recordingId) && (tries.get(recordingId) ?? 0) < MAX_TRIES)
        .map(async (recordingId) => {
          tries.set(recordingId, (tries.get(recordingId) ?? 0) + 1);
          const problem = await stop(options, recordingId);
          if (problem === undefined) asked.add(recordingId);
          else if (!options.signal.aborted) options.onProblem(problem, recordingId);
        }),
    );
    await delay(LOOK_EVERY_MS, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/** @returns why it could not be asked */
async function stop(
  { apiUrl, signal }: StopRecordingsOptions,
  recordingId: string,
): Promise<string | undefined> {
  try {
    const found = await fetch(`${apiUrl}/recordings/${encodeURIComponent(recordingId)}`, { signal });
    if (!found.ok) return `it could not be read: ${found.status}`;
    const { mediaSessionId } = recordingSchema.parse(await found.json());
    const answer = await fetch(`${apiUrl}/rest-api/stream/stopRecording`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mediaSessionId }),
      signal,
    });
    await answer.text();
    return answer.ok ? undefined : `the stop was answered with ${answer.status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
