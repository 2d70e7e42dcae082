import { ifReadable } from '../ifReadable.ts';
import { parseAvcRecord, parseAvcSequence } from '../nal/h264.ts';
import { isKeyframe } from '../nal/h264Keyframe.ts';
import { VIDEO_TIMESCALE } from '../nut/times.ts';
import type { Packet, PacketReader, PacketStream } from '../tracks/packet.ts';
import { type FlvMedia, type MediaKind, mediaIn } from './media.ts';
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
  /** Of pictures. */
  lengthBytes: number;
  references: number;
}

/**
 * Reads H.264 and AAC out of FLV, in the place of ffmpeg: packets as ffmpeg's demuxer gives them, with the source's own
 * times. What is neither is left out: `FlvStreams` has looked for it, and a cutter begins another run with it.
 */
export class FlvPacketReader implements PacketReader {
  readonly #kinds: readonly MediaKind[];
  readonly #states: readonly State[];

  /** @param kinds of its streams, in order */
  constructor(kinds: readonly MediaKind[]) {
    this.#kinds = kinds;
    this.#states = kinds.map(() => ({
      stream: undefined,
      configuration: Buffer.alloc(0),
      hasChanged: false,
      soundTimes: undefined,
      lengthBytes: 4,
      references: 1,
    }));
  }

  stream(index: number): PacketStream | undefined {
    return this.#states[index]?.stream;
  }

  /** @param tags whole ones, as a cutter has given them */
  push(tags: Buffer): Packet[] {
    const packets: Packet[] = [];
    for (const media of mediaIn(tags)) {
      const index = this.#kinds.indexOf(media.kind as MediaKind);
      const state = this.#states[index];
      if (state === undefined) continue;
      if (media.isConfiguration) configure(state, media);
      else if (state.stream !== undefined) packets.push(packetOf(index, media, state));
    }
    return packets;
  }
}

/** Servers repeat what they sent: that is no change. */
function configure(state: State, { kind, payload }: FlvMedia): void {
  if (payload.equals(state.configuration)) return;
  state.configuration = Buffer.from(payload);
  if (kind === 'video') {
    const coding = ifReadable(() => {
      const { lengthBytes, sps } = parseAvcRecord(payload);
      const { references } = parseAvcSequence(sps[0] ?? Buffer.alloc(0));
      return { lengthBytes, references };
    });
    Object.assign(state, coding);
  }
  if (state.stream !== undefined) {
    state.hasChanged = true;
    return;
  }
  state.stream = streamOf(kind as MediaKind, payload);
  if (kind === 'audio' && state.stream !== undefined)
    state.soundTimes = new SoundTimes(state.stream.sampleRateHz);
}

function packetOf(index: number, { kind, timeMs, offsetMs, payload }: FlvMedia, state: State): Packet {
  const extradata = state.hasChanged ? state.configuration : undefined;
  state.hasChanged = false;
  const given = { stream: index, data: payload, extradata };
  const { soundTimes, lengthBytes, references } = state;
  if (kind === 'audio') return { ...given, dts: soundTimes?.next(timeMs) ?? 0, offset: 0, keyframe: true };
  return {
    ...given,
    dts: timeMs * UNITS_PER_MS,
    offset: offsetMs * UNITS_PER_MS,
    keyframe: isKeyframe(payload, lengthBytes, references),
  };
}
