import { MatroskaFragmentWriter } from '../matroska/fragmentWriter.ts';
import { Mp4FragmentWriter } from '../mp4/fragmentWriter.ts';
import { TsFragmentWriter } from '../mpegts/fragmentWriter.ts';
import { type NutPacket, NutReader } from '../nut/reader.ts';
import type { PageStore } from '../pages.ts';
import { type Jump, SourceTimeline, type TimelineOptions } from '../timeline/sourceTimeline.ts';
import { type ContainerFormat, type Fragment, MediaError, type PartMuxer } from '../types.ts';
import { Fragmenter } from './fragmenter.ts';
import type { FragmentWriter } from './fragmentWriter.ts';
import type { Sample, Track, TrackSource } from './sample.ts';
import { trackOf } from './track.ts';

const AAC_FRAME_SAMPLES = 1_024;

/** One of ffmpeg's outputs, and what it writes there as which track of a part. */
interface Output {
  readonly reader: NutReader;
  readonly sources: readonly TrackSource[];
  /** Number of the first of them. */
  readonly firstId: number;
  readonly tracks: Track[];
}

/**
 * Makes fragments of what one run of ffmpeg writes: packets of all tracks, from several outputs, none of which waits for
 * another.
 */
export class LiveMedia {
  readonly #outputs: readonly Output[];
  readonly #writer: FragmentWriter;
  readonly #fragmenter: Fragmenter;
  readonly #timeline: SourceTimeline;
  #jumps: Jump[] = [];
  /** Video tracks whose first keyframe has come. */
  readonly #begun = new Set<number>();
  #waitsSinceMs: number | undefined;

  /** @param outputs what ffmpeg writes to each of its pipes, in order; pictures first */
  constructor(
    outputs: readonly (readonly TrackSource[])[],
    format: ContainerFormat,
    timeline: TimelineOptions,
  ) {
    this.#timeline = new SourceTimeline(timeline);
    this.#writer = writerOf(format);
    this.#fragmenter = new Fragmenter(this.#writer);
    let firstId = 1;
    this.#outputs = outputs.map((sources) => {
      const output = { reader: new NutReader(), sources, firstId, tracks: [] };
      firstId += sources.length;
      return output;
    });
  }

  /** Since when pictures have come of which none can be decoded, in epoch milliseconds; undefined when it is not so. */
  get waitsForKeyframeSinceMs(): number | undefined {
    return this.#waitsSinceMs;
  }

  /** Where the source's clock has jumped since the last call. */
  takeJumps(): readonly Jump[] {
    const jumps = this.#jumps;
    this.#jumps = [];
    return jumps;
  }

  /**
   * Takes a chunk of what ffmpeg wrote to one of its pipes.
   * @throws MediaError the bytes are not what ffmpeg was asked for
   */
  push(pipe: number, chunk: Buffer, nowMs: number): void {
    const output = this.#outputs[pipe];
    if (output === undefined) throw new MediaError(`there is no output ${pipe}`);
    for (const packet of output.reader.push(chunk)) this.#take(output, packet, nowMs);
  }

  /** The next fragment, if one is due. It is valid until the next call. */
  next(nowMs: number): Fragment | undefined {
    return this.#fragmenter.next(nowMs);
  }

  /** ffmpeg has ended: what is left, one fragment after the other. */
  rest(): Fragment | undefined {
    return this.#fragmenter.rest();
  }

  /** A muxer for the next part, which begins with this fragment. */
  startPart(first: Fragment, pages: PageStore): PartMuxer {
    return this.#writer.startPart(first, pages);
  }

  #take(output: Output, packet: NutPacket, nowMs: number): void {
    this.#declare(output);
    const track = output.tracks[packet.stream];
    const sample = track?.next(packet);
    const id = output.firstId + packet.stream;
    if (sample === undefined || !this.#canBegin(id, sample, nowMs)) return;
    const { timescale, info } = sample.description;
    const usualDuration = info.codec === 'aac' ? AAC_FRAME_SAMPLES : undefined;
    const { dts, jump } = this.#timeline.place(
      { track: id, dts: sample.dts, timescale, usualDuration },
      nowMs,
    );
    if (jump !== undefined) this.#jumps.push(jump);
    this.#fragmenter.push(id, { ...sample, dts }, nowMs);
  }

  /** ffmpeg's headers say of all tracks of an output what they are, before the first packet of any. */
  #declare({ reader, sources, firstId, tracks }: Output): void {
    for (const [index, source] of sources.entries()) {
      const stream = reader.stream(index);
      if (tracks[index] !== undefined || stream === undefined) continue;
      const track = trackOf(source, stream);
      tracks[index] = track;
      this.#fragmenter.declare(firstId + index, source.kind, track.description);
    }
  }

  /** Pictures begin with a keyframe. */
  #canBegin(id: number, { keyframe, description }: Sample, nowMs: number): boolean {
    if (description.info.kind === 'audio' || this.#begun.has(id)) return true;
    if (keyframe) {
      this.#begun.add(id);
      this.#waitsSinceMs = undefined;
      return true;
    }
    this.#waitsSinceMs ??= nowMs;
    return false;
  }
}

function writerOf(format: ContainerFormat): FragmentWriter {
  switch (format) {
    case 'mp4':
      return new Mp4FragmentWriter();
    case 'webm':
    case 'mkv':
      return new MatroskaFragmentWriter(format);
    case 'ts':
      return new TsFragmentWriter();
  }
}
