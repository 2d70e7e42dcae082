import { setTimeout as delay } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectRange } from '../aws/rangeLinks.ts';
import type { StateStore } from '../aws/stateStore.ts';
import { RecorderError } from '../core/api/errors.ts';
import { LIVE_PLAYLIST, readLiveName, streamPlaylist } from '../core/playback/livePlaylist.ts';
import { playableOf } from '../core/playback/playable.ts';
import { VOD_PLAYLIST } from '../core/playback/vodPlaylist.ts';
import { latestProgress, type RecordingObjects } from '../core/state/fold.ts';
import { jobKey } from '../core/state/keys.ts';
import { jobSchema } from '../core/state/objects.ts';
import { readRecording } from '../recordings/read.ts';
import { LiveRecording } from './liveRecording.ts';
import { TOLD_EVERY_MS, tellWatched } from './watched.ts';

/** Of a warm function. */
const RECORDINGS_MAX = 50;
/** A link is given when a part has been opened; its first fragment is in the journal a moment later. */
const FIRST_TRIES = 8;
const TRY_AGAIN_MS = 250;
/** Where nothing tells how much it is; a player has one list to choose from. */
const UNKNOWN_BITS_PER_SECOND = 5_000_000;

export interface LivePlayingOptions {
  readonly s3: S3Client;
  readonly store: StateStore;
  readonly nowMs: () => number;
}

/** Answers for recordings that go on, out of their journals. */
export class LivePlaying {
  readonly #options: LivePlayingOptions;
  readonly #recordings = new Map<string, LiveRecording>();
  readonly #toldAtMs = new Map<string, number>();

  constructor(options: LivePlayingOptions) {
    this.#options = options;
  }

  /** The list of lists. @throws RecorderError recording_not_found */
  async stream(recordingId: string): Promise<string> {
    const objects = await readRecording(this.#options.store, recordingId);
    if (objects === undefined) throw notFound();
    const hasRecords = playableOf(objects) !== undefined;
    return streamPlaylist(hasRecords ? VOD_PLAYLIST : LIVE_PLAYLIST, bitsPerSecond(objects));
  }

  /** @throws RecorderError recording_not_found, recording_active where there is nothing to play yet */
  async list(recordingId: string): Promise<string> {
    const recording = await this.#recording(recordingId);
    for (let tries = 1; ; tries++) {
      const list = await recording.playlist();
      if (list !== undefined) {
        await this.#tell(recordingId, recording);
        return list;
      }
      if (tries >= FIRST_TRIES)
        throw new RecorderError('recording_active', 'There is nothing to watch yet, or not any more.');
      await delay(TRY_AGAIN_MS);
    }
  }

  /** Where a segment lies. @throws RecorderError recording_not_found; route_not_found for a name that is none of ours */
  async segment(recordingId: string, name: string): Promise<ObjectRange> {
    const named = readLiveName(name);
    if (named === undefined) throw new RecorderError('route_not_found', 'There is no such file.');
    const range = await (await this.#recording(recordingId)).rangeOf(named);
    if (range === undefined) throw new RecorderError('recording_not_found', 'There is no such segment.');
    return range;
  }

  /** Not with each list. */
  async #tell(recordingId: string, recording: LiveRecording): Promise<void> {
    const { store, nowMs } = this.#options;
    const isTold = nowMs() - (this.#toldAtMs.get(recordingId) ?? 0) < TOLD_EVERY_MS;
    if (isTold || recording.hasEnded) return;
    this.#toldAtMs.set(recordingId, nowMs());
    await tellWatched(store, recordingId, nowMs());
  }

  async #recording(recordingId: string): Promise<LiveRecording> {
    const known = this.#recordings.get(recordingId);
    if (known !== undefined) return known;
    const job = await this.#options.store.read(jobKey(recordingId), jobSchema);
    if (job === undefined || job.value.settings.liveWindowMs === 0) throw notFound();
    const recording = new LiveRecording({ ...this.#options, recordingId, settings: job.value.settings });
    if (this.#recordings.size >= RECORDINGS_MAX) {
      this.#recordings.clear();
      this.#toldAtMs.clear();
    }
    this.#recordings.set(recordingId, recording);
    return recording;
  }
}

/** On the average. */
function bitsPerSecond(objects: RecordingObjects): number {
  const progress = latestProgress(objects);
  const finals = [...objects.parts.values()].flatMap(({ final }) => final ?? []);
  const bytes = (progress?.bytes ?? 0) + finals.reduce((sum, final) => sum + final.bytes, 0);
  const ms = (progress?.durationMs ?? 0) + finals.reduce((sum, final) => sum + final.durationMs, 0);
  return ms > 0 && bytes > 0 ? (8_000 * bytes) / ms : UNKNOWN_BITS_PER_SECOND;
}

function notFound(): RecorderError {
  return new RecorderError('recording_not_found', 'There is no such recording, or it cannot be watched yet.');
}
