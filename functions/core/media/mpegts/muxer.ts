import { isDeepStrictEqual } from 'node:util';
import { FragmentIndexWriter } from '../fragmentIndex/writer.ts';
import type { PageStore } from '../pages.ts';
import type { Pieces } from '../pieces.ts';
import type { PartMuxer, PartSummary, PlayedFragment, TrackInfo } from '../types.ts';
import type { TsFragment } from './fragment.ts';
import {
  PACKET_BYTES,
  readPacket,
  readPcr,
  readPesTimes,
  TICKS_PER_MS,
  writePcr,
  writeTime,
} from './packets.ts';
import { moveWritten } from './writtenData.ts';

/** One MPEG-TS part: an ordinary one at every moment, so there is nothing to finish. */
export class TsMuxer implements PartMuxer {
  readonly head = Buffer.alloc(0);
  readonly playedHead = this.head;
  #baseTicks: number;
  readonly #streams: TsFragment['streams'];
  readonly #data: TsFragment['data'];
  readonly #startMs: number;
  #endMs: number;
  /** From the timeline of ffmpeg's present run to that of the first one. */
  #runOffsetMs = 0;
  #videoFrames = 0;
  #played: PlayedFragment | undefined;
  readonly #index: FragmentIndexWriter;

  /** @param pages for the index of fragments, while it grows */
  constructor(first: TsFragment, pages: PageStore) {
    this.#index = new FragmentIndexWriter(pages, 0);
    // DTS and PCR come before the first time shown: none of them may fall below zero.
    this.#baseTicks = first.firstTicks;
    this.#streams = first.streams;
    this.#data = first.data;
    this.#startMs = first.startMs;
    this.#endMs = first.startMs;
  }

  get tracks(): readonly TrackInfo[] {
    return this.#streams.map(({ info }) => info);
  }

  get played(): PlayedFragment | undefined {
    return this.#played;
  }

  get summary(): PartSummary {
    return {
      startMs: this.#startMs,
      endMs: this.#endMs,
      durationMs: this.#endMs - this.#startMs,
      videoFrames: this.#videoFrames,
    };
  }

  add(fragment: TsFragment): Buffer {
    const { bytes } = fragment;
    for (let at = 0; at < bytes.length; at += PACKET_BYTES)
      this.#rebase(bytes.subarray(at, at + PACKET_BYTES));
    for (const one of fragment.written) moveWritten(one, bytes, this.#baseTicks);
    this.#endMs = Math.max(this.#endMs, fragment.endMs + this.#runOffsetMs);
    const offsetMs = this.#runOffsetMs - this.#startMs;
    const isWatched = fragment.videoFrames > 0 || this.#streams.every(({ info }) => info.kind === 'audio');
    const shown = {
      bytes: bytes.length,
      keyframe: fragment.keyframe,
      startMs: fragment.startMs + offsetMs,
      endMs: fragment.endMs + offsetMs,
    };
    this.#index.add({ ...shown, watchedBytes: isWatched ? bytes.length : 0, tracks: [] });
    this.#played = isWatched ? shown : undefined;
    this.#videoFrames += fragment.videoFrames;
    return bytes;
  }

  /** Video parameters may change within a transport stream: they come with each keyframe. */
  accepts({ streams, data }: TsFragment): boolean {
    const isSame = streams === this.#streams && data === this.#data;
    return isSame || isDeepStrictEqual([streams, data], [this.#streams, this.#data]);
  }

  resume(first: TsFragment, atMs: number): boolean {
    if (!this.accepts(first)) return false;
    this.#baseTicks = first.firstTicks - Math.round(atMs * TICKS_PER_MS);
    this.#runOffsetMs = this.#startMs + atMs - first.startMs;
    return true;
  }

  finish(): { readonly head: undefined; readonly index: Pieces } {
    const facts = {
      container: 'ts',
      headBytes: 0,
      isMixed: false,
      init: Buffer.alloc(0),
      tracks: [],
    } as const;
    return { head: undefined, index: this.#index.finish(facts) };
  }

  #rebase(packet: Buffer): void {
    const { unitStart, pcrAt, payloadAt } = readPacket(packet, 0);
    if (pcrAt !== -1) writePcr(packet, pcrAt, readPcr(packet, pcrAt) - this.#baseTicks);
    const times = unitStart ? readPesTimes(packet, payloadAt) : undefined;
    if (times === undefined) return;
    writeTime(packet, times.ptsAt, times.pts - this.#baseTicks);
    if (times.dtsAt !== -1) writeTime(packet, times.dtsAt, times.dts - this.#baseTicks);
  }
}
