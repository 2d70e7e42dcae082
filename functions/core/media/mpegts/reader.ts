import { ByteQueue } from '../byteQueue.ts';
import type { PageStore } from '../pages.ts';
import { type FragmentReader, MediaError, type PartMuxer } from '../types.ts';
import type { TsFragment } from './fragment.ts';
import { TsMuxer } from './muxer.ts';
import { PACKET_BYTES, readPacket, readPcr, readPesTimes, TICKS_PER_MS, unwrap } from './packets.ts';
import { type ElementaryStream, elementaryStreams, programMapPid } from './tables.ts';

const PAT_PID = 0;
/** More is damage, not media. */
const FRAGMENT_MAX_BYTES = 256 * 1024 * 1024;

/** Reads the MPEG transport stream that ffmpeg writes; it puts a program association table before each keyframe. */
export class TsReader implements FragmentReader {
  readonly #queue = new ByteQueue();
  /** From the queue's beginning: packets of the fragment that is not whole yet. */
  #fragmentBytes = 0;
  #mapPid: number | undefined;
  #streams: readonly ElementaryStream[] = [];
  /** The latest time, so that times that wrap around go on. */
  #nearTicks: number | undefined;

  get danglingBytes(): number {
    return this.#queue.length;
  }

  push(chunk: Buffer): TsFragment[] {
    this.#queue.push(chunk);
    const fragments: TsFragment[] = [];
    while (this.#fragmentBytes + PACKET_BYTES <= this.#queue.length) this.#stepPacket(fragments);
    return fragments;
  }

  /** Every packet stands alone: what came since the last table is a fragment too. */
  end(): TsFragment[] {
    const fragments: TsFragment[] = [];
    this.#flush(fragments);
    return fragments;
  }

  startPart(first: TsFragment, pages: PageStore): PartMuxer {
    return new TsMuxer(first, pages);
  }

  #stepPacket(fragments: TsFragment[]): void {
    const packet = this.#queue.peek(this.#fragmentBytes, PACKET_BYTES);
    const { pid, unitStart, payloadAt } = readPacket(packet, 0);
    if (pid === PAT_PID && unitStart) {
      this.#flush(fragments);
      this.#mapPid = programMapPid(packet, payloadAt) ?? this.#mapPid;
    } else if (pid === this.#mapPid && unitStart) {
      this.#streams = elementaryStreams(packet, payloadAt);
    }
    this.#fragmentBytes += PACKET_BYTES;
    if (this.#fragmentBytes > FRAGMENT_MAX_BYTES)
      throw new MediaError('there is no program association table');
  }

  #flush(fragments: TsFragment[]): void {
    if (this.#fragmentBytes === 0) return;
    const bytes = this.#queue.take(this.#fragmentBytes);
    this.#fragmentBytes = 0;
    const fragment = this.#toFragment(bytes);
    if (fragment !== undefined) fragments.push(fragment);
  }

  /** Undefined for tables without a frame. */
  #toFragment(bytes: Buffer): TsFragment | undefined {
    const shown = new Map<number, number[]>();
    let firstTicks = Number.POSITIVE_INFINITY;
    let firstVideo: boolean | undefined;
    const videoPid = this.#streams.find(({ info }) => info.kind === 'video')?.pid;
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      const packet = readPacket(bytes, at);
      if (packet.pcrAt !== -1) {
        firstTicks = Math.min(firstTicks, this.#unwrapped(readPcr(bytes, at + packet.pcrAt)));
      }
      if (!packet.unitStart || !this.#streams.some(({ pid }) => pid === packet.pid)) continue;
      if (packet.pid === videoPid) firstVideo ??= packet.randomAccess;
      const times = readPesTimes(bytes.subarray(at, at + PACKET_BYTES), packet.payloadAt);
      if (times === undefined) continue;
      const pts = this.#unwrapped(times.pts);
      firstTicks = Math.min(firstTicks, this.#unwrapped(times.dts), pts);
      this.#nearTicks = pts;
      const starts = shown.get(packet.pid) ?? [];
      starts.push(pts);
      shown.set(packet.pid, starts);
    }
    if (shown.size === 0) return undefined;
    const all = [...shown.values()];
    return {
      bytes,
      startMs: Math.min(...all.map((starts) => Math.min(...starts))) / TICKS_PER_MS,
      endMs: Math.max(...all.map(lastEnd)) / TICKS_PER_MS,
      keyframe: videoPid === undefined ? true : firstVideo === true,
      streams: this.#streams,
      firstTicks,
      videoFrames: videoPid === undefined ? 0 : (shown.get(videoPid)?.length ?? 0),
    };
  }

  #unwrapped(ticks: number): number {
    return unwrap(ticks, this.#nearTicks ?? ticks);
  }
}

/** A transport stream does not say how long a frame lasts: the last one as long as those before it. */
function lastEnd(starts: readonly number[]): number {
  const first = Math.min(...starts);
  const last = Math.max(...starts);
  return last + (starts.length > 1 ? (last - first) / (starts.length - 1) : 0);
}
