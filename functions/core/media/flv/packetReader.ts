import { isAv1Keyframe } from '../av1/keyframe.ts';
import { ifReadable } from '../ifReadable.ts';
import { parseAvcRecord, parseAvcSequence } from '../nal/h264.ts';
import { isKeyframe } from '../nal/h264Keyframe.ts';
import { parseHevcRecord } from '../nal/hevc.ts';
import { isHevcKeyframe } from '../nal/hevcKeyframe.ts';
import { VIDEO_TIMESCALE } from '../nut/times.ts';
import { samplesOfOpus } from '../tracks/opus.ts';
import type { Packet, PacketReader, PacketStream } from '../tracks/packet.ts';
import { type FlvCodec, type FlvMedia, mediaIn } from './media.ts';
import { SoundTimes } from './soundTimes.ts';
import { streamOf } from './streams.ts';

/** Of pictures' times. */
const UNITS_PER_MS = VIDEO_TIMESCALE / 1_000;

/** One kind of media. */
interface State {
  stream: PacketStream | undefined;
  /** As it was last sent. */
  configuration: Buffer;
  /** It is another one than that of the packet before. */
  hasChanged: boolean;
  /** Of sound. */
  soundTimes: SoundTimes | undefined;
  /** Of pictures: whether decoding can begin with one. */
  begins: (picture: Buffer) => boolean;
}

/**
 * Reads what FLV has of the codecs that are known here, in the place of ffmpeg: packets as ffmpeg's demuxer gives them, with the source's own
 * times. What is of others is left out: `FlvStreams` has looked for it, and a cutter begins another run with it.
 */
export class FlvPacketReader implements PacketReader {
  readonly #codecs: readonly string[];
  readonly #states: readonly State[];

  /** @param codecs of its streams, in order */
  constructor(codecs: readonly string[]) {
    this.#codecs = codecs;
    this.#states = codecs.map(() => ({
      stream: undefined,
      configuration: Buffer.alloc(0),
      hasChanged: false,
      soundTimes: undefined,
      begins: () => false,
    }));
  }

  stream(index: number): PacketStream | undefined {
    return this.#states[index]?.stream;
  }

  /** @param tags whole ones, as a cutter has given them */
  push(tags: Buffer): Packet[] {
    const packets: Packet[] = [];
    for (const media of mediaIn(tags)) {
      const { codec } = media;
      if (codec === undefined) continue;
      const index = this.#codecs.indexOf(codec);
      const state = this.#states[index];
      if (state === undefined) continue;
      if (media.isConfiguration) configure(state, codec, media.payload);
      else if (state.stream !== undefined) packets.push(packetOf(index, media, state));
    }
    return packets;
  }
}

/** Servers repeat what they sent: that is no change. */
function configure(state: State, codec: FlvCodec, payload: Buffer): void {
  if (payload.equals(state.configuration)) return;
  state.configuration = Buffer.from(payload);
  state.begins = ifReadable(() => beginningsOf(codec, payload)) ?? state.begins;
  if (state.stream !== undefined) {
    state.hasChanged = true;
    return;
  }
  state.stream = streamOf(codec, payload);
  if (state.stream !== undefined && state.stream.sampleRateHz > 0)
    state.soundTimes = new SoundTimes(state.stream.sampleRateHz);
}

/** @throws MediaError */
function beginningsOf(codec: FlvCodec, configuration: Buffer): State['begins'] {
  if (codec === 'av1') return isAv1Keyframe;
  if (codec === 'hevc') {
    const { lengthBytes } = parseHevcRecord(configuration);
    return (picture) => isHevcKeyframe(picture, lengthBytes);
  }
  if (codec !== 'h264') return () => true;
  const { lengthBytes, sps } = parseAvcRecord(configuration);
  const { references } = parseAvcSequence(sps[0] ?? Buffer.alloc(0));
  return (picture) => isKeyframe(picture, lengthBytes, references);
}

const AAC_FRAME_SAMPLES = 1_024;

function packetOf(index: number, { codec, timeMs, offsetMs, payload }: FlvMedia, state: State): Packet {
  const extradata = state.hasChanged ? state.configuration : undefined;
  state.hasChanged = false;
  const given = { stream: index, data: payload, extradata };
  const { soundTimes, begins } = state;
  if (soundTimes !== undefined) {
    const samples = codec === 'opus' ? samplesOfOpus(payload) : AAC_FRAME_SAMPLES;
    return { ...given, dts: soundTimes.next(timeMs, samples), offset: 0, keyframe: true };
  }
  return {
    ...given,
    dts: timeMs * UNITS_PER_MS,
    offset: offsetMs * UNITS_PER_MS,
    keyframe: begins(payload),
  };
}
