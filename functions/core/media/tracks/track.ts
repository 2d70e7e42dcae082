import { nalCodec } from '../nal/changedParameterSets.ts';
import { VIDEO_TIMESCALE } from '../nut/times.ts';
import { AacTrack } from './aacTrack.ts';
import { NalTrack } from './nalTrack.ts';
import type { Packet, PacketStream } from './packet.ts';
import type { Sample, Track, TrackDescription, TrackSource } from './sample.ts';

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
  return codec === 'aac' ? new AacTrack(description) : new PlainTrack(description);
}

/** A codec whose packets are samples. */
class PlainTrack implements Track {
  #description: TrackDescription;

  constructor(description: TrackDescription) {
    this.#description = description;
  }

  get description(): TrackDescription {
    return this.#description;
  }

  next({ dts, offset, keyframe, data, extradata }: Packet): Sample {
    if (extradata !== undefined && !extradata.equals(this.#description.configuration))
      this.#description = { ...this.#description, configuration: extradata };
    return { description: this.#description, dts, offset, keyframe, data };
  }
}
