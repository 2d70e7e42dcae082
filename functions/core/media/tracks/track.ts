import { sizeOfAv1Record } from '../av1/sequence.ts';
import { ifReadable } from '../ifReadable.ts';
import { nalCodec } from '../nal/changedParameterSets.ts';
import { VIDEO_TIMESCALE } from '../nut/times.ts';
import { AacTrack } from './aacTrack.ts';
import { NalTrack } from './nalTrack.ts';
import type { Packet, PacketStream } from './packet.ts';
import type { Sample, Track, TrackDescription, TrackSource } from './sample.ts';
import { isVp9Keyframe } from './vp9Keyframe.ts';

/** What ffmpeg's encoders put in front, in samples. */
const PRIMING_SAMPLES: Readonly<Record<string, number>> = { aac: 1024, opus: 312 };

export function trackOf(source: TrackSource, stream: PacketStream): Track {
  const { kind, codec, isEncoded, language, turn } = source;
  const spoken = language === undefined ? {} : { language };
  const description: TrackDescription = {
    info:
      kind === 'video'
        ? { kind, codec, width: stream.width, height: stream.height, ...spoken }
        : { kind, codec, sampleRateHz: stream.sampleRateHz, channels: stream.channels, ...spoken },
    tag: stream.tag,
    configuration: stream.extradata,
    timescale: kind === 'video' ? VIDEO_TIMESCALE : stream.sampleRateHz,
    pixelWidth: Math.max(1, stream.pixelWidth),
    pixelHeight: Math.max(1, stream.pixelHeight),
    ...(turn === undefined ? {} : { turn }),
    primingSamples: isEncoded ? (PRIMING_SAMPLES[codec] ?? 0) : 0,
  };
  if (nalCodec(codec) !== undefined) return new NalTrack(description);
  if (codec === 'aac') return new AacTrack(description);
  return new PlainTrack(description, codec === 'vp9' ? isVp9Keyframe : () => false);
}

/** A codec whose packets are samples. */
class PlainTrack implements Track {
  #description: TrackDescription;
  readonly #isUnmarkedKeyframe: (data: Buffer) => boolean;

  constructor(description: TrackDescription, isUnmarkedKeyframe: (data: Buffer) => boolean) {
    this.#description = description;
    this.#isUnmarkedKeyframe = isUnmarkedKeyframe;
  }

  get description(): TrackDescription {
    return this.#description;
  }

  next({ dts, offset, keyframe: isMarked, data, extradata }: Packet): Sample {
    const keyframe = isMarked || this.#isUnmarkedKeyframe(data);
    if (extradata !== undefined && !extradata.equals(this.#description.configuration))
      this.#reconfigure(extradata);
    return { description: this.#description, dts, offset, keyframe, data };
  }

  #reconfigure(configuration: Buffer): void {
    const { info } = this.#description;
    const size = info.codec === 'av1' ? ifReadable(() => sizeOfAv1Record(configuration)) : undefined;
    this.#description = { ...this.#description, info: { ...info, ...size }, configuration };
  }
}
