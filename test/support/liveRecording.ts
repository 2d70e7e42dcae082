import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { RecordingSettings } from '../../functions/core/settings/settings.ts';
import type { RecordingObjects } from '../../functions/core/state/fold.ts';
import type { Reason } from '../../functions/core/state/objects.ts';
import type { FinalPart } from '../../functions/core/state/partObjects.ts';
import { waitFor } from './children.ts';
import { readRecord } from './counterStream.ts';
import type { MediaFolder } from './media.ts';
import type { Attempt, RecorderBench, Written } from './recorderBench.ts';

export interface LiveRecord {
  readonly reason: Reason;
  readonly parts: readonly FinalPart[];
  /** Frame numbers of all parts, one after the other. */
  readonly counters: readonly number[];
  /** What ffmpeg complains of while it decodes the parts. */
  readonly errors: string;
  readonly durationMs: number;
  /** Of the parts. */
  readonly files: readonly string[];
}

/** It counts in whole frames, and the frames of a source that is stamped on arrival are not as even. */
const NULL_MUXER_ROUNDING =
  /^.*invalid, non monotonically increasing dts to muxer.*\n?( *Last message repeated.*\n?)?/gm;

/** A recording of a live source, which goes on while the test does something to that source. */
export class LiveRecording {
  readonly #bench: RecorderBench;
  readonly #attempt: Attempt;

  private constructor(bench: RecorderBench, attempt: Attempt) {
    this.#bench = bench;
    this.#attempt = attempt;
  }

  static async start(
    bench: RecorderBench,
    url: string,
    settings: Partial<RecordingSettings> = {},
  ): Promise<LiveRecording> {
    return new LiveRecording(bench, bench.run(await bench.createJob(url, settings)));
  }

  /** Waits until so much of the stream has been recorded. */
  async recorded(ms: number): Promise<void> {
    await this.#until(`${ms} ms of it`, ({ durationMs }) => durationMs >= ms);
  }

  /** Waits until so many frames more have been recorded than had been when this was called. */
  async moreFrames(count: number): Promise<void> {
    const before = this.#attempt.written.videoFrames;
    await this.#until(`${count} frames more`, ({ videoFrames }) => videoFrames >= before + count);
  }

  async #until(what: string, is: (written: Written) => boolean): Promise<void> {
    await waitFor(what, () => is(this.#attempt.written) || undefined, { timeoutMs: 90_000, everyMs: 20 });
  }

  stop(): void {
    this.#attempt.stop.ask('stopped');
  }

  get reason(): Promise<Reason> {
    return this.#attempt.reason;
  }

  objects(): Promise<RecordingObjects> {
    return this.#bench.objects(this.#attempt.recordingId);
  }

  /** Waits for the end. Every part's file is as long as its facts say. */
  async record(folder: MediaFolder): Promise<LiveRecord> {
    const reason = await this.#attempt.reason;
    const { parts } = await this.#bench.objects(this.#attempt.recordingId);
    const finals = [...parts.values()].flatMap(({ final }) => final ?? []);
    const counters: number[] = [];
    const files: string[] = [];
    let errors = '';
    let durationMs = 0;
    for (const final of finals) {
      const bytes = await this.#bench.object(final.key);
      expect(bytes.length).toBe(final.bytes);
      const file = folder.write(`${this.#attempt.recordingId}-${final.part}.${final.format}`, bytes);
      files.push(file);
      const decoded = await readRecord(file);
      errors += decoded.errors.replaceAll(NULL_MUXER_ROUNDING, '');
      expect(Math.abs(decoded.durationMs - final.durationMs)).toBeLessThan(100);
      durationMs += final.durationMs;
      counters.push(...decoded.counters);
    }
    return { reason, parts: finals, counters, errors, durationMs, files };
  }
}

/**
 * How long an ffmpeg takes to start here and now, which is most of what a recorder needs to be back: a bound in these holds
 * on a machine that is busy, too.
 */
export async function ffmpegStartMs(): Promise<number> {
  const beganAtMs = performance.now();
  await promisify(execFile)('ffmpeg', ['-version']);
  return performance.now() - beganAtMs;
}

/** Where frame numbers do not go up by one: how many are missing there; negative: how many came again. */
export function missing(counters: readonly number[]): number[] {
  return counters
    .slice(1)
    .map((counter, i) => counter - (counters[i] ?? 0) - 1)
    .filter((frames) => frames !== 0);
}
