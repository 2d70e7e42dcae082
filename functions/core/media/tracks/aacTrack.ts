import { ifReadable } from '../ifReadable.ts';
import { parseAacConfiguration, readAdts } from './aac.ts';
import { isFilling } from './filling.ts';
import type { Packet } from './packet.ts';
import type { Sample, Track, TrackDescription } from './sample.ts';

const FRAME_SAMPLES = 1_024;

/** AAC, as it lies in MP4 or with an ADTS header for each frame; its rate or channels may change on the way. */
export class AacTrack implements Track {
  /** Of the packets' times. */
  readonly #packetsHz: number;
  #current: TrackDescription;
  /** The configuration as it was last sent: most frames repeat it. */
  #sent: Buffer | undefined;
  /** Of the packet before: its own time, and the rate of its sound. */
  #before: { readonly dts: number; readonly rateHz: number } | undefined;
  /** What packets' times are too late by. */
  #lateBy = 0;

  constructor(description: TrackDescription) {
    this.#packetsHz = description.timescale;
    this.#current = asConfigured(description);
  }

  get description(): TrackDescription | undefined {
    return this.#current.configuration.length === 0 ? undefined : this.#current;
  }

  next({ dts, keyframe, data, extradata }: Packet): Sample | undefined {
    const adts =
      this.#current.configuration.length === 0 || this.#sent !== undefined ? readAdts(data) : undefined;
    const sent = adts?.configuration ?? extradata;
    if (sent !== undefined && this.#sent?.equals(sent) !== true) this.#change(sent);
    const { description } = this;
    if (description === undefined || isFilling(data)) return undefined;
    return {
      description,
      dts: Math.round((this.#timeOf(dts, description.timescale) * description.timescale) / this.#packetsHz),
      offset: 0,
      keyframe,
      data: adts?.data ?? data,
    };
  }

  /**
   * Of frames that come without times (radio over HTTP) ffmpeg counts each as long as it would be at the rate of the first
   * one, also when another programme has another rate. So long in whole units is a frame of that other rate nowhere else.
   */
  #timeOf(dts: number, rateHz: number): number {
    const before = this.#before;
    this.#before = { dts, rateHz };
    if (before !== undefined && dts - before.dts === FRAME_SAMPLES)
      this.#lateBy += FRAME_SAMPLES - (FRAME_SAMPLES * this.#packetsHz) / before.rateHz;
    return dts - this.#lateBy;
  }

  #change(sent: Buffer): void {
    const { configuration, info } = this.#current;
    const isFirst = configuration.length === 0;
    this.#sent = Buffer.from(sent);
    if (sent.equals(configuration)) return;
    const parameters = ifReadable(() => parseAacConfiguration(sent));
    if (parameters === undefined) return;
    // What ffmpeg found out by decoding is more than what ADTS says: it knows nothing of band replication.
    const { sampleRateHz, channels } = isFirst
      ? {
          sampleRateHz: info.sampleRateHz ?? parameters.sampleRateHz,
          channels: info.channels ?? parameters.channels,
        }
      : parameters;
    this.#current = {
      ...this.#current,
      configuration: this.#sent,
      info: { ...info, sampleRateHz, channels: channels === 0 ? (info.channels ?? 0) : channels },
      timescale: sampleRateHz,
    };
  }
}

/**
 * What a demuxer knows of sound of which it has seen no frame is a guess: FLV's own head says 44,100 Hz and stereo of all
 * AAC. The configuration is true, but for what is heard only by decoding: band replication, which doubles the rate, and
 * parametric stereo, which comes with it.
 */
function asConfigured(description: TrackDescription): TrackDescription {
  const { configuration, info } = description;
  const parameters =
    configuration.length === 0 ? undefined : ifReadable(() => parseAacConfiguration(configuration));
  if (parameters === undefined || info.sampleRateHz === 2 * parameters.coded.rateHz) return description;
  const { sampleRateHz, channels } = parameters;
  return {
    ...description,
    info: { ...info, sampleRateHz, channels: channels === 0 ? (info.channels ?? 0) : channels },
    timescale: sampleRateHz,
  };
}
