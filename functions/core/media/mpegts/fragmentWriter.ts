import { isDeepStrictEqual } from 'node:util';
import type { PageStore } from '../pages.ts';
import {
  type FragmentTimes,
  type FragmentWriter,
  inDecodingOrder,
  type TrackSamples,
} from '../tracks/fragmentWriter.ts';
import { type DataItem, type DataSource, type FragmentData, NO_DATA } from '../tracks/timedData.ts';
import { MediaError, type PartMuxer } from '../types.ts';
import { type DataStream, payloadOf } from './dataStreams.ts';
import { adtsOf, byteStreamOf } from './elementary.ts';
import type { TsFragment } from './fragment.ts';
import { TsMuxer } from './muxer.ts';
import { TICKS_PER_MS } from './packets.ts';
import { PacketWriter } from './packetWriter.ts';
import type { ElementaryStream } from './tables.ts';
import { associationTable, mapTable, POINTER, streamType } from './tableWriter.ts';
import { movedSplice, type WrittenData } from './writtenData.ts';

const MAP_PID = 0x1000;
const FIRST_PID = 0x100;
const FIRST_DATA_PID = 0x180;
const VIDEO = 0xe0;
const AUDIO = 0xc0;
const PRIVATE = 0xbd;
const TICKS_HZ = 90_000;

/** Writes fragments of MPEG-TS: both tables, then the samples in the order in which they are decoded, data between them. */
export class TsFragmentWriter implements FragmentWriter {
  readonly #packets = new PacketWriter();
  #streams: readonly ElementaryStream[] = [];
  #data: readonly DataStream[] = [];

  /** @throws MediaError a codec that a transport stream does not carry here */
  write(
    tracks: readonly TrackSamples[],
    times: FragmentTimes,
    { sources, items }: FragmentData = NO_DATA,
  ): TsFragment {
    const streams = this.#streamsOf(tracks);
    this.#describe(sources);
    const clockPid = streams[0]?.pid ?? FIRST_PID;
    this.#packets.table(0, associationTable(MAP_PID));
    this.#packets.table(MAP_PID, mapTable(streams, clockPid, this.#data));
    let firstTicks = Number.POSITIVE_INFINITY;
    let videoFrames = 0;
    const written: WrittenData[] = [];
    const left = items.map((item) => ({ ...item, ticks: Math.round(item.atMs * TICKS_PER_MS) }));
    left.sort((one, other) => one.ticks - other.ticks);
    const writeDataUntil = (ticks: number): void => {
      while (left[0] !== undefined && left[0].ticks < ticks)
        written.push(...this.#writeData(left.shift() as (typeof left)[number]));
    };
    for (const { track, sample } of inDecodingOrder(tracks)) {
      const { description, id } = track;
      const isVideo = description.info.kind === 'video';
      const toTicks = (time: number): number => Math.round((time * TICKS_HZ) / description.timescale);
      const dtsTicks = toTicks(sample.dts);
      const pid = FIRST_PID + id - 1;
      firstTicks = Math.min(firstTicks, dtsTicks);
      writeDataUntil(dtsTicks);
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
    writeDataUntil(Number.POSITIVE_INFINITY);
    return {
      ...times,
      bytes: this.#packets.take(),
      streams,
      data: this.#data,
      written,
      firstTicks,
      videoFrames,
    };
  }

  /** @returns where it is; nothing for what is no metadata of its kind */
  #writeData({ source, ticks, shiftMs, data }: DataItem & { readonly ticks: number }): WrittenData[] {
    const stream = this.#data[source];
    if (stream === undefined) return [];
    const { pid, codec } = stream;
    if (codec === 'scte_35') {
      const section = movedSplice(data, Math.round(shiftMs * TICKS_PER_MS));
      if (section === undefined) return [];
      return [{ section, packetsAt: this.#packets.table(pid, Buffer.concat([POINTER, section])) }];
    }
    const at = this.#packets.pes({
      ...{ pid, streamId: PRIVATE, ptsTicks: ticks, dtsTicks: ticks },
      data: payloadOf(codec, data),
      // Nothing but a header of this length may be in front of teletext (ETSI EN 300 472, 4.1).
      ...(codec === 'dvb_teletext' ? { timeBytes: 0x24 } : {}),
      randomAccess: codec !== 'dvb_teletext',
      hasClock: false,
    });
    return [{ at, ticks }];
  }

  #describe(sources: readonly DataSource[]): void {
    const data = sources.map((source, place) => ({ ...source, pid: FIRST_DATA_PID + place }));
    if (!isDeepStrictEqual(data, this.#data)) this.#data = data;
  }

  startPart(first: TsFragment, pages: PageStore): PartMuxer {
    return new TsMuxer(first, pages);
  }

  /** Parameters lie in the samples: they may change within a file. */
  #streamsOf(tracks: readonly TrackSamples[]): readonly ElementaryStream[] {
    const streams = tracks.map(({ id, description }) => {
      const { kind, codec, language } = description.info;
      if (streamType(codec) === undefined) throw new MediaError(`MPEG-TS does not carry ${codec} here`);
      const spoken = language === undefined ? {} : { language };
      return { pid: FIRST_PID + id - 1, info: { kind, codec, ...spoken } };
    });
    const isSame =
      streams.length === this.#streams.length &&
      streams.every(
        ({ pid, info }, place) =>
          pid === this.#streams[place]?.pid &&
          info.codec === this.#streams[place]?.info.codec &&
          info.language === this.#streams[place]?.info.language,
      );
    if (!isSame) this.#streams = streams;
    return this.#streams;
  }
}
