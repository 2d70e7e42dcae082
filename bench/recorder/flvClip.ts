import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface ClipOptions {
  readonly size: string;
  readonly videoBitsPerSecond: number;
  readonly audioBitsPerSecond: number;
  /** 50 by default. */
  readonly framesPerKeyframe?: number;
}

/** 1080p as a publisher sends it. */
export const HD_4_MBIT: ClipOptions = hd(4);

export function hd(mbitPerSecond: number): ClipOptions {
  return { size: '1920x1080', videoBitsPerSecond: mbitPerSecond * 1e6, audioBitsPerSecond: 128_000 };
}

/** A whole number of keyframe intervals, and long enough for the rate control to reach its rate. */
const CLIP_SECONDS = 8;
const FILE_HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const AUDIO_TAG = 8;
const VIDEO_TAG = 9;

const made = new Map<string, Promise<FlvClip>>();

interface Tag {
  /** Where it begins in the clip's media. */
  readonly at: number;
  readonly timeMs: number;
}

/** An FLV of some seconds, H.264 and AAC, which can be repeated without an end: a live stream for a benchmark. */
export class FlvClip {
  /** What comes first, once: the file's header and the codecs' parameters. */
  readonly head: Buffer;
  readonly durationMs = CLIP_SECONDS * 1000;
  readonly #media: Buffer;
  readonly #tags: readonly Tag[];

  private constructor(head: Buffer, media: Buffer, tags: readonly Tag[]) {
    this.head = head;
    this.#media = media;
    this.#tags = tags;
  }

  /** A test picture at a constant bit rate. Made once: several benchmarks want the same. */
  static make(options: ClipOptions): Promise<FlvClip> {
    const name = JSON.stringify(options);
    const clip = made.get(name) ?? FlvClip.#encode(options);
    made.set(name, clip);
    return clip;
  }

  static async #encode({ framesPerKeyframe = 50, ...options }: ClipOptions): Promise<FlvClip> {
    const { size, videoBitsPerSecond, audioBitsPerSecond } = options;
    const rate = String(videoBitsPerSecond);
    const { stdout } = await promisify(execFile)(
      'ffmpeg',
      [
        ...['-v', 'error', '-nostdin', '-t', String(CLIP_SECONDS)],
        ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`],
        ...['-f', 'lavfi', '-i', 'sine=sample_rate=44100'],
        ...['-t', String(CLIP_SECONDS), '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast'],
        ...['-tune', 'zerolatency', '-g', String(framesPerKeyframe), '-sc_threshold', '0'],
        // Filled up where the picture needs less: a test picture alone would be far below the rate.
        ...[
          '-b:v',
          rate,
          '-minrate',
          rate,
          '-maxrate',
          rate,
          '-bufsize',
          rate,
          '-x264-params',
          'nal-hrd=cbr',
        ],
        ...['-c:a', 'aac', '-ac', '2', '-b:a', String(audioBitsPerSecond), '-f', 'flv', 'pipe:1'],
      ],
      { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 },
    );
    return FlvClip.parse(stdout);
  }

  static parse(flv: Buffer): FlvClip {
    const head: Buffer[] = [flv.subarray(0, FILE_HEADER_BYTES)];
    const media: Buffer[] = [];
    const tags: Tag[] = [];
    let mediaBytes = 0;
    for (let at = FILE_HEADER_BYTES; at + TAG_HEADER_BYTES <= flv.length; ) {
      const bytes = TAG_HEADER_BYTES + flv.readUIntBE(at + 1, 3) + 4;
      const tag = flv.subarray(at, at + bytes);
      at += bytes;
      const timeMs = tag.readUIntBE(4, 3) + (tag[7] ?? 0) * 2 ** 24;
      // The packet type: 0 are parameters, 1 is media, 2 is the end of a sequence. Metadata name a duration: left out.
      const isMedia = tag[0] === AUDIO_TAG || tag[0] === VIDEO_TAG;
      if (isMedia && tag[TAG_HEADER_BYTES + 1] === 0) head.push(tag);
      // What is longer than the clip would run into its repetition.
      if (!isMedia || tag[TAG_HEADER_BYTES + 1] !== 1 || timeMs >= CLIP_SECONDS * 1000) continue;
      tags.push({ at: mediaBytes, timeMs });
      media.push(tag);
      mediaBytes += bytes;
    }
    return new FlvClip(Buffer.concat(head), Buffer.concat(media), tags);
  }

  get bytes(): number {
    return this.#media.length;
  }

  /** The media with times of its n-th repetition, counted from 0. */
  repetition(n: number): Buffer {
    const media = Buffer.from(this.#media);
    for (const { at, timeMs } of this.#tags) {
      const shownMs = timeMs + n * this.durationMs;
      media.writeUIntBE(shownMs % 2 ** 24, at + 4, 3);
      media[at + 7] = Math.floor(shownMs / 2 ** 24);
    }
    return media;
  }

  /** How many bytes of a repetition are due when this much of it should have been sent. */
  bytesUntil(ms: number): number {
    let low = 0;
    let high = this.#tags.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#tags[middle] as Tag).timeMs < ms) low = middle + 1;
      else high = middle;
    }
    return this.#tags[low]?.at ?? this.#media.length;
  }
}
