import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Logger } from '@aws-lambda-powertools/logger';
import type { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PartPictures } from '../container/pictures/partPictures.ts';
import { type PictureBatch, PictureMaker, type PictureMaking } from '../container/pictures/pictureMaker.ts';
import { RecordingPictures } from '../container/pictures/recordingPictures.ts';
import { StateStore } from '../functions/aws/stateStore.ts';
import type { KeyPicture } from '../functions/core/media/tracks/sample.ts';
import { DEFAULT_SETTINGS } from '../functions/core/settings/settings.ts';
import { newRecordingId } from '../functions/core/state/ids.ts';
import { latestPictureKey, posterKey, storyboardKey } from '../functions/core/state/keys.ts';
import { liveMedia, nutOf } from '../test/support/liveMedia.ts';
import { MediaFolder } from '../test/support/media.ts';
import { RECORDER_FFMPEG } from '../test/support/recorderBench.ts';
import { childrenCpuSeconds } from './recorder/processes.ts';
import type { Benchmark } from './report.ts';

const MAPS = ['0:v:0'];
const KEYFRAME_EVERY_MS = 2_000;
/** Sent again and again. */
const SOURCE_SECONDS = 20;
const AIM_CPU_SECONDS = 0.1;
const CHUNK_BYTES = 64 * 1024;

/** Poster, latest pictures and storyboard of 1080p with a keyframe every two seconds, with the defaults. */
export const pictures: Benchmark = {
  name: 'pictures of a recording',
  async run({ quick }) {
    const minutes = quick ? 4 : 20;
    const folder = new MediaFolder();
    try {
      folder.make('source.mkv', [
        ...['-f', 'lavfi', '-i', `testsrc2=size=1920x1080:rate=25:duration=${SOURCE_SECONDS}`],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-g', '50', '-pix_fmt', 'yuv420p'],
      ]);
      const source = folder.file('source.mkv');
      const keyframes = keyframesOf(nutOf(source, MAPS));
      const own = await cpuOf(() => recordPictures(keyframes, minutes));
      const plain = await cpuOf(() => decodeAll(source, minutes));
      const perMinute = own / minutes;
      return [
        {
          name: `CPU of ffmpeg for a recorded minute, of ${minutes}`,
          value: perMinute,
          unit: 's',
          aim: AIM_CPU_SECONDS,
        },
        {
          name: 'the same',
          value: own / plain,
          unit: '×',
          baseline: 'ffmpeg that decodes every keyframe',
          detail: `${(plain / minutes).toFixed(2)} s a minute`,
        },
      ];
    } finally {
      folder.remove();
    }
  },
};

/** Of the processes that it runs. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = childrenCpuSeconds();
  await work();
  return childrenCpuSeconds() - before;
}

/** As they pass in a recorder. */
function keyframesOf(nut: Buffer): KeyPicture[] {
  const media = liveMedia([{ kind: 'video', codec: 'h264' }], 'mp4', MAPS);
  const found: KeyPicture[] = [];
  const keep = (): void => {
    const { keyPicture } = media;
    if (keyPicture !== undefined) found.push({ ...keyPicture, data: Buffer.from(keyPicture.data) });
  };
  for (let at = 0; at < nut.length; at += CHUNK_BYTES) {
    media.push(0, nut.subarray(at, at + CHUNK_BYTES), 0);
    while (media.next(0) !== undefined) keep();
  }
  while (media.rest(0) !== undefined) keep();
  return found;
}

/** Knows when nothing is being made: on a recorder's clock that is long before the next keyframe. */
class WatchedMaker implements PictureMaking {
  readonly #maker = new PictureMaker(RECORDER_FFMPEG, {
    runMaxMs: 120_000,
    endWaitsMs: 240_000,
    niceness: 0,
  });
  readonly endWaitsMs = this.#maker.endWaitsMs;
  #work: Promise<unknown> = Promise.resolve();

  make(batch: PictureBatch, signal: AbortSignal): ReturnType<PictureMaking['make']> {
    const made = this.#maker.make(batch, signal);
    this.#work = Promise.allSettled([made]);
    return made;
  }

  sprite(...asked: Parameters<PictureMaking['sprite']>): ReturnType<PictureMaking['sprite']> {
    return this.#maker.sprite(...asked);
  }

  async idle(): Promise<void> {
    await this.#work;
    // What was made is put where it belongs.
    await new Promise(setImmediate);
  }
}

/** A part of so many minutes, on a clock that does not wait. */
async function recordPictures(keyframes: readonly KeyPicture[], minutes: number): Promise<void> {
  const put = new Set<string | undefined>();
  const send = async (command: PutObjectCommand): Promise<object> => {
    put.add(command.input.Key);
    return {};
  };
  const s3 = { send } as unknown as S3Client;
  const maker = new WatchedMaker();
  const recordingId = newRecordingId(0, Buffer.alloc(16));
  let nowMs = 0;
  const recording = RecordingPictures.of({
    s3,
    store: new StateStore(s3, 'landing'),
    pictures: maker,
    clock: { nowMs: () => nowMs },
    log: new Logger({ logLevel: 'WARN' }),
    job: {
      ...{ recordingId, mediaSessionId: 'm', requestedAtMs: 0, requestId: 'bench' },
      ...{
        source: { url: 'rtmp://media.example/live/1' },
        stream: { name: 's' },
        settings: DEFAULT_SETTINGS,
      },
    },
  });
  if (recording === undefined) throw new Error('by default there are pictures');
  const part = new PartPictures(recording, Promise.resolve({ part: 1 }));
  for (let taken = 0; nowMs < minutes * 60_000; taken++) {
    const keyframe = keyframes[taken % keyframes.length];
    if (keyframe === undefined) throw new Error('the source has no keyframe');
    part.take(keyframe, nowMs);
    await maker.idle();
    nowMs += KEYFRAME_EVERY_MS;
  }
  await part.finish();
  for (const key of [posterKey(recordingId, 1), storyboardKey(recordingId, 1), latestPictureKey(recordingId)])
    if (!put.has(key)) throw new Error(`${key} was not made`);
}

/** What makes a storyboard of the same without choosing, on one thread as well; the recorder's own ffmpeg opens no file. */
async function decodeAll(source: string, minutes: number): Promise<void> {
  const times = Math.ceil((minutes * 60) / SOURCE_SECONDS) - 1;
  await promisify(execFile)('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-threads', '1', '-skip_frame', 'nokey', '-stream_loop', String(times)],
    ...['-i', source, '-vf', 'scale=160:90:flags=bilinear', '-c:v', 'mjpeg', '-f', 'null', '-'],
  ]);
}
