import { sizeOfAv1Record } from '../av1/sequence.ts';
import { ifReadable } from '../ifReadable.ts';
import { Progress } from '../live/progress.ts';
import { hasBeenLookedAt } from '../live/runCutter.ts';
import { parseAvcRecord, parseAvcSequence } from '../nal/h264.ts';
import { parseHevcRecord, parseHevcSequence } from '../nal/hevc.ts';
import type { PixelShape, Size } from '../nal/size.ts';
import { parseAacConfiguration, readAdts } from '../tracks/aac.ts';
import { channelsOfOpus, OPUS_RATE_HZ } from '../tracks/opus.ts';
import type { PacketStream } from '../tracks/packet.ts';
import { type FlvCodec, type FlvMedia, type MediaKind, mediaIn } from './media.ts';

const NOT_SOUND = { sampleRateHz: 0, channels: 0 } as const;
const NOT_PICTURES = { width: 0, height: 0, pixelWidth: 0, pixelHeight: 0 } as const;
const TAGS: Readonly<Record<FlvCodec, Buffer>> = {
  h264: Buffer.from('H264'),
  hevc: Buffer.from('HEVC'),
  av1: Buffer.from('AV01'),
  aac: Buffer.alloc(4),
  opus: Buffer.from('Opus'),
};
/** Pixels are squares, as far as is known. */
const SQUARE: PixelShape = { pixelWidth: 0, pixelHeight: 0 };
/** Of HEVC's parameter sets. */
const SPS = 33;
const PPS = 34;

const LOW_COMPLEXITY = 2;
/** Up to this rate frames may double it by band replication without a word of it: only decoding tells. */
const MAY_BE_DOUBLED_MAX_HZ = 24_000;

/**
 * What a codec's configuration says of its stream.
 * @returns undefined where it does not say enough, or says something unusual
 */
export function streamOf(codec: FlvCodec, configuration: Buffer): PacketStream | undefined {
  const said = { tag: TAGS[codec], extradata: Buffer.from(configuration) };
  return ifReadable(() => {
    if (codec === 'aac') {
      const { sampleRateHz, channels, coded } = parseAacConfiguration(configuration);
      const isPlain = coded.object === LOW_COMPLEXITY && coded.rateHz === sampleRateHz && channels > 0;
      if (!isPlain || sampleRateHz <= MAY_BE_DOUBLED_MAX_HZ) return undefined;
      return { ...said, ...NOT_PICTURES, sampleRateHz, channels };
    }
    if (codec === 'opus')
      return {
        ...said,
        ...NOT_PICTURES,
        sampleRateHz: OPUS_RATE_HZ,
        channels: channelsOfOpus(configuration),
      };
    const shown = shownBy(codec, configuration);
    if (shown === undefined) return undefined;
    const { width, height, pixelWidth, pixelHeight } = shown;
    return { ...said, ...NOT_SOUND, width, height, pixelWidth, pixelHeight };
  });
}

/** @throws MediaError */
function shownBy(
  codec: Exclude<FlvCodec, 'aac' | 'opus'>,
  configuration: Buffer,
): (Size & PixelShape) | undefined {
  if (codec === 'av1') return { ...sizeOfAv1Record(configuration), ...SQUARE };
  const { sps, pps } = codec === 'h264' ? parseAvcRecord(configuration) : hevcSets(configuration);
  const [only, other] = sps;
  if (only === undefined || other !== undefined || pps.length === 0) return undefined;
  return codec === 'h264' ? parseAvcSequence(only) : parseHevcSequence(only);
}

function hevcSets(configuration: Buffer): {
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
} {
  const { arrays } = parseHevcRecord(configuration);
  const ofType = (wanted: number): Buffer[] =>
    arrays.flatMap(({ type, units }) => (type === wanted ? units : []));
  return { sps: ofType(SPS), pps: ofType(PPS) };
}

/** `other`: only ffmpeg can read it. */
export type Look = 'looking' | 'known' | 'other';

/**
 * Looks at how a run of FLV begins, for as long as a demuxer does (`hasBeenLookedAt`), or until pictures and sound have both
 * come: what they are, if they are of codecs that can be read here, as publishers send them.
 */
export class FlvStreams {
  readonly #streams = new Map<MediaKind, PacketStream & { readonly codec: FlvCodec }>();
  /** Of pictures that are only announced nobody knows whether they come. */
  #hasPictures: boolean = false;
  #hasText: boolean = false;
  #isOther: boolean = false;
  #hasEnded: boolean = false;
  #durationMs = 0;
  readonly #progress = new Progress();
  #beganAtMs: number | undefined;
  #bytes = 0;

  get look(): Look {
    if (this.#isOther) return 'other';
    const isOver = this.#hasEnded || hasBeenLookedAt(this.#progress.nowMs - this.#begin, this.#bytes);
    const isComplete = this.#hasPictures && this.#streams.has('audio');
    if (!isOver && !isComplete) return 'looking';
    return this.pictures === undefined && this.sound === undefined ? 'other' : 'known';
  }

  get pictures(): (PacketStream & { readonly codec: FlvCodec }) | undefined {
    return this.#hasPictures ? this.#streams.get('video') : undefined;
  }

  get sound(): (PacketStream & { readonly codec: FlvCodec }) | undefined {
    return this.#streams.get('audio');
  }

  /** There is more than pictures, sound and metadata: captions, cue points. */
  get hasText(): boolean {
    return this.#hasText;
  }

  /** How long the source says it is; 0 when it does not say so. A live stream may say so, too. */
  get durationMs(): number {
    return this.#durationMs;
  }

  /** @param tags whole ones, as a cutter has given them */
  push(tags: Buffer): void {
    for (const media of mediaIn(tags)) {
      if (media.kind === 'script') this.#readScript(media);
      else if (media.kind === 'unknown' || media.codec === undefined) this.#isOther = true;
      else this.#see(media, media.kind, media.codec);
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#hasEnded = true;
  }

  get #begin(): number {
    return this.#beganAtMs ?? this.#progress.nowMs;
  }

  #see({ isConfiguration, timeMs, payload }: FlvMedia, kind: MediaKind, codec: FlvCodec): void {
    this.#progress.see(kind, timeMs, !isConfiguration);
    this.#beganAtMs ??= this.#progress.nowMs;
    this.#bytes += payload.length;
    if (isConfiguration) {
      const stream = streamOf(codec, payload);
      if (stream === undefined) this.#isOther = true;
      // Of pictures that were only announced others may come.
      else if (this.#streams.get(kind)?.codec !== codec) this.#streams.set(kind, { ...stream, codec });
      return;
    }
    // Without a configuration it says itself what it is; with one it should not.
    this.#isOther ||=
      this.#streams.get(kind)?.codec !== codec || (codec === 'aac' && readAdts(payload) !== undefined);
    this.#hasPictures ||= kind === 'video';
  }

  #readScript({ payload, timeMs }: FlvMedia): void {
    if (!payload.includes('onMetaData')) this.#hasText ||= timeMs > 0;
    else this.#durationMs = durationMsOf(payload) ?? this.#durationMs;
  }
}

/** Its name, behind two bytes of length, and that a number follows. */
const DURATION = Buffer.from('\0\x08duration\0', 'latin1');
const NUMBER_BYTES = 8;

function durationMsOf(metadata: Buffer): number | undefined {
  const place = metadata.indexOf(DURATION);
  const at = place + DURATION.length;
  if (place === -1 || at + NUMBER_BYTES > metadata.length) return undefined;
  const seconds = metadata.readDoubleBE(at);
  return seconds > 0 && Number.isFinite(seconds) ? Math.round(seconds * 1_000) : undefined;
}
