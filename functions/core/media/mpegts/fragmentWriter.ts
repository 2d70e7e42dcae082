import type { PageStore } from '../pages.ts';
import {
  type FragmentTimes,
  type FragmentWriter,
  inDecodingOrder,
  type TrackSamples,
} from '../tracks/fragmentWriter.ts';
import { MediaError, type PartMuxer } from '../types.ts';
import { adtsOf, byteStreamOf } from './elementary.ts';
import type { TsFragment } from './fragment.ts';
import { TsMuxer } from './muxer.ts';
import { PacketWriter } from './packetWriter.ts';
import type { ElementaryStream } from './tables.ts';
import { associationTable, mapTable, streamType } from './tableWriter.ts';

const MAP_PID = 0x1000;
const FIRST_PID = 0x100;
const VIDEO = 0xe0;
const AUDIO = 0xc0;
const TICKS_HZ = 90_000;

/** Writes fragments of MPEG-TS: both tables, then the samples in the order in which they are decoded. */
export class TsFragmentWriter implements FragmentWriter {
  readonly #packets = new PacketWriter();
  #streams: readonly ElementaryStream[] = [];

  /** @throws MediaError a codec that a transport stream does not carry here */
  write(tracks: readonly TrackSamples[], times: FragmentTimes): TsFragment {
    const streams = this.#streamsOf(tracks);
    const clockPid = streams[0]?.pid ?? FIRST_PID;
    this.#packets.table(0, associationTable(MAP_PID));
    this.#packets.table(MAP_PID, mapTable(streams, clockPid));
    let firstTicks = Number.POSITIVE_INFINITY;
    let videoFrames = 0;
    for (const { track, sample } of inDecodingOrder(tracks)) {
      const { description, id } = track;
      const isVideo = description.info.kind === 'video';
      const toTicks = (time: number): number => Math.round((time * TICKS_HZ) / description.timescale);
      const dtsTicks = toTicks(sample.dts);
      const pid = FIRST_PID + id - 1;
      firstTicks = Math.min(firstTicks, dtsTicks);
      if (isVideo) videoFrames += 1;
      this.#packets.pes({
        pid,
        streamId: isVideo ? VIDEO : AUDIO,
        ptsTicks: dtsTicks + toTicks(sample.offset),
        // Here nothing may be decoded after it is shown.
        dtsTicks: dtsTicks + Math.min(0, toTicks(sample.offset)),
        data: isVideo
          ? byteStreamOf(description, sample.data, sample.keyframe)
          : adtsOf(description, sample.data),
        randomAccess: sample.keyframe || !isVideo,
        hasClock: pid === clockPid,
      });
    }
    return { ...times, bytes: this.#packets.take(), streams, firstTicks, videoFrames };
  }

  startPart(first: TsFragment, pages: PageStore): PartMuxer {
    return new TsMuxer(first, pages);
  }

  /** Parameters lie in the samples: they may change within a file. */
  #streamsOf(tracks: readonly TrackSamples[]): readonly ElementaryStream[] {
    const streams = tracks.map(({ id, description }) => {
      const { kind, codec } = description.info;
      if (streamType(codec) === undefined) throw new MediaError(`MPEG-TS does not carry ${codec} here`);
      return { pid: FIRST_PID + id - 1, info: { kind, codec } };
    });
    const isSame =
      streams.length === this.#streams.length &&
      streams.every(
        ({ pid, info }, place) =>
          pid === this.#streams[place]?.pid && info.codec === this.#streams[place]?.info.codec,
      );
    if (!isSame) this.#streams = streams;
    return this.#streams;
  }
}
