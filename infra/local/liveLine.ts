import { printable } from '../../clients/cli/terminalText.ts';
import { ApiError, type RecorderClient } from '../../clients/typescript/client.ts';
import { bitrate, duration } from '../../clients/web/format.ts';

/** A recording that runs, as it told last; without a time where nothing of it was recorded yet. */
export interface RunningRecording {
  readonly streamName: string;
  readonly atMs?: number;
  readonly durationMs?: number;
  readonly bitrateBps?: number;
}

/** No terminal has room for more. */
const SHOWN_MAX = 4;

/** What runs at present, in one line: which, for how long, with what bitrate. */
export class LiveLine {
  readonly #client: Pick<RecorderClient, 'recording'>;
  #count = 0;
  #shown: readonly RunningRecording[] = [];

  constructor(client: Pick<RecorderClient, 'recording'>) {
    this.#client = client;
  }

  /** Asks the API how these go. @throws ApiError; then the line says how many there are */
  async read(recordingIds: readonly string[]): Promise<void> {
    const shown = recordingIds.slice(0, SHOWN_MAX).map((recordingId) => this.#readOne(recordingId));
    const [read] = await Promise.allSettled([Promise.all(shown)]);
    this.#count = recordingIds.length;
    this.#shown = read.status === 'fulfilled' ? read.value.filter((one) => one !== undefined) : [];
    if (read.status === 'rejected') throw read.reason;
  }

  /** '' where nothing runs. */
  text(nowMs: number): string {
    return runningLine(this.#count, this.#shown, nowMs);
  }

  async #readOne(recordingId: string): Promise<RunningRecording | undefined> {
    try {
      const { streamName, progress } = await this.#client.recording(recordingId);
      if (progress === undefined) return { streamName };
      const { at, durationMs, bitrateBps } = progress;
      return { streamName, atMs: Date.parse(at), durationMs, bitrateBps };
    } catch (error) {
      // Deleted this moment.
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }
}

export function runningLine(count: number, shown: readonly RunningRecording[], nowMs: number): string {
  if (count === 0) return '';
  const head = count === 1 ? '●' : `● ${count} recordings:`;
  if (shown.length === 0) return count === 1 ? '● 1 recording' : `● ${count} recordings`;
  const more = count > shown.length ? ` · ${count - shown.length} more` : '';
  return `${head} ${shown.map((one) => printable(oneOf(one, nowMs))).join(' · ')}${more}`;
}

function oneOf({ streamName, atMs, durationMs, bitrateBps }: RunningRecording, nowMs: number): string {
  if (atMs === undefined || durationMs === undefined) return `${streamName} starts`;
  const time = duration(durationMs + Math.max(0, nowMs - atMs));
  return [streamName, time, ...(bitrateBps === undefined ? [] : [bitrate(bitrateBps)])].join(' ');
}
