import { printable } from '../../clients/cli/terminalText.ts';
import { bitrate, duration } from '../../clients/web/format.ts';
import type { ListingStore } from '../../functions/core/protocol/ports.ts';
import { latestProgress } from '../../functions/core/state/fold.ts';
import { readLife } from '../../functions/recordings/read.ts';

/** A recording that runs, as it told last; without a time where nothing of it was recorded yet. */
export interface RunningRecording {
  readonly streamName: string;
  readonly atMs?: number;
  readonly durationMs?: number;
  readonly bitrateBps?: number;
}

/** No terminal has room for more. */
const SHOWN_MAX = 6;

/** What runs at present, in one line: which, for how long, with what bitrate. */
export class LiveLine {
  readonly #store: ListingStore;
  #count = 0;
  #shown: readonly RunningRecording[] = [];

  constructor(store: ListingStore) {
    this.#store = store;
  }

  /** Reads how these go. @throws S3's faults; then the line says how many there are */
  async read(recordingIds: readonly string[]): Promise<void> {
    this.#count = recordingIds.length;
    this.#shown = [];
    const shown = recordingIds.slice(0, SHOWN_MAX).map((recordingId) => this.#readOne(recordingId));
    this.#shown = (await Promise.all(shown)).filter((one) => one !== undefined);
  }

  /** '' where nothing runs. */
  text(nowMs: number): string {
    return runningLine(this.#count, this.#shown, nowMs);
  }

  async #readOne(recordingId: string): Promise<RunningRecording | undefined> {
    const life = await readLife(this.#store, recordingId);
    if (life === undefined) return undefined;
    const { atMs, durationMs, bitrateBps } = latestProgress(life) ?? {};
    return {
      streamName: life.job.stream.name,
      ...(atMs === undefined || durationMs === undefined ? {} : { atMs, durationMs }),
      ...(bitrateBps === undefined ? {} : { bitrateBps }),
    };
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
