import { FlvPacketReader } from '../flv/packetReader.ts';
import { NutReader } from '../nut/reader.ts';
import type { PageStore } from '../pages.ts';
import type { Jump } from '../timeline/epochs.ts';
import { HeldJumps } from '../timeline/heldJumps.ts';
import { LateBeginnings } from '../timeline/lateBeginnings.ts';
import type { JoinedContent } from '../timeline/recordedContent.ts';
import { RepeatGate } from '../timeline/repeatGate.ts';
import type { SentOrder } from '../timeline/sentOrder.ts';
import type { SourceTimeline } from '../timeline/sourceTimeline.ts';
import type { TakenOff } from '../timeline/takenOff.ts';
import { type ContainerFormat, type Fragment, MediaError, type PartMuxer } from '../types.ts';
import { EncodedSound } from './encodedSound.ts';
import { Fragmenter } from './fragmenter.ts';
import type { FragmentWriter } from './fragmentWriter.ts';
import type { Joining } from './joining.ts';
import type { Packet, PacketReader } from './packet.ts';
import type { KeyPicture, Sample, Track, TrackSource } from './sample.ts';
import { comingOf, kept, type Taken, timeOf } from './taken.ts';
import { TimedData } from './timedData.ts';
import { trackOf } from './track.ts';
import { writerOf } from './writerOf.ts';

/** One of ffmpeg's outputs, and what it writes there as which track of a part. */
interface Output {
  readonly reader: PacketReader;
  readonly sources: readonly TrackSource[];
  /** Number of the first of them. */
  readonly firstId: number;
  /** What each is called over connections: others may come or go. */
  readonly names: readonly string[];
  readonly tracks: Track[];
  /** It has one track, which ffmpeg encodes. */
  readonly encoded: EncodedSound | undefined;
}

/**
 * Makes fragments of what one run of ffmpeg writes: packets of all tracks, from several outputs, none of which waits for
 * another.
 */
export class LiveMedia {
  readonly #outputs: readonly Output[];
  readonly #writer: FragmentWriter;
  readonly #fragmenter: Fragmenter;
  readonly #data: TimedData | undefined;
  readonly #timeline: SourceTimeline;
  readonly #order: SentOrder | undefined;
  readonly #content: JoinedContent | undefined;
  readonly #gate: RepeatGate<Taken> | undefined;
  readonly #jumped: HeldJumps<Taken>;
  readonly #late: LateBeginnings<Taken>;
  readonly #receivedAtMs: number | undefined;
  readonly #takenOff: readonly TakenOff[];
  /** So many of them the timeline has been told. */
  #told = 0;
  /** On the source's own timeline. */
  #firstMs: number | undefined;
  /** Where that is on the mended one. */
  #firstPlacedMs: number | undefined;
  #zeroByClockMs = Number.POSITIVE_INFINITY;
  #jumps: Jump[] = [];
  /** Video tracks whose first keyframe has come. */
  readonly #begun = new Set<string>();
  #waitsSinceMs: number | undefined;
  /** There was a fragment. */
  #hasBegun: boolean = false;

  /** By which metadata find their place. */
  readonly #timedBy: TrackSource['kind'];

  /** @param outputs what ffmpeg writes to each of its pipes, in order; pictures first */
  constructor(
    outputs: readonly (readonly TrackSource[])[],
    format: ContainerFormat,
    {
      timeline,
      order,
      content,
      isSame = false,
      receivedAtMs,
      takenOff = [],
      inputs,
      beginsMs,
      packets = 'nut',
      data = [],
      goesOn,
    }: Joining,
  ) {
    this.#timeline = timeline;
    this.#order = order;
    this.#jumped = new HeldJumps(timeline, inputs, outputs.flat().length);
    this.#late = new LateBeginnings(timeline, beginsMs, ({ track }) => this.#isUntold(track));
    this.#content = content;
    this.#receivedAtMs = receivedAtMs;
    this.#takenOff = takenOff;
    this.#gate = content?.mayRepeat === true && !isSame ? new RepeatGate(content) : undefined;
    this.#writer = writerOf(format);
    this.#data = data.length === 0 ? undefined : new TimedData(data);
    this.#fragmenter = new Fragmenter(this.#writer, this.#data, goesOn);
    this.#timedBy = outputs[0]?.[0]?.kind ?? 'video';
    let firstId = 1;
    const places = { video: 0, audio: 0 };
    this.#outputs = outputs.map((sources) => {
      const names = sources.map(({ kind }) => `${kind} ${places[kind]++}`);
      const reader =
        packets === 'nut' ? new NutReader() : new FlvPacketReader(sources.map(({ codec }) => codec));
      const encoded = sources[0]?.isEncoded === true ? new EncodedSound(takenOff) : undefined;
      const output = { reader, sources, firstId, names, tracks: [], encoded };
      // Before anything has come: what is encoded says what it is with its first packet.
      for (const [index, { kind }] of sources.entries())
        this.#fragmenter.declare(firstId + index, kind, undefined);
      firstId += sources.length;
      return output;
    });
  }

  /** Since when pictures have come of which none can be decoded, in epoch milliseconds; undefined when it is not so. */
  get waitsForKeyframeSinceMs(): number | undefined {
    return this.#waitsSinceMs;
  }

  /** Wall clock of this run's time zero, as early as it can have been. */
  get zeroAtMs(): number {
    return this.#zeroByClockMs;
  }

  /** What comes goes on right behind what was recorded before: it may begin without a keyframe. */
  get isSeamless(): boolean {
    const [first] = this.#outputs.flatMap(({ names }) => names);
    return first !== undefined && this.#content?.isSeamless(first) === true;
  }

  /** Where the source's clock has jumped since the last call. */
  takeJumps(): readonly Jump[] {
    const jumps = [...this.#jumps, ...(this.#order?.takeJumps() ?? [])];
    this.#jumps = [];
    return jumps;
  }

  /**
   * Takes a chunk of what ffmpeg wrote to one of its pipes.
   * @returns whether it has brought more than subtitles and timed metadata
   * @throws MediaError the bytes are not what ffmpeg was asked for
   */
  push(pipe: number, chunk: Buffer, nowMs: number): boolean {
    const output = this.#outputs[pipe];
    if (output === undefined) throw new MediaError(`there is no output ${pipe}`);
    this.#tellJumps();
    const packets = output.reader.push(chunk);
    for (const packet of packets) this.#take(output, packet, nowMs);
    return packets.length === 0 || packets.some(({ stream }) => stream < output.sources.length);
  }

  /** The next fragment, if one is due. It is valid until the next call. */
  next(nowMs: number): Fragment | undefined {
    for (const one of this.#gate?.tick(nowMs) ?? []) this.#record(one, nowMs);
    this.#release(nowMs);
    // What a run begins with may begin a part, in which nothing can be put in front.
    if (!this.#hasBegun && this.#late.isHolding) return undefined;
    const fragment = this.#fragmenter.next(nowMs);
    this.#hasBegun ||= fragment !== undefined;
    return fragment;
  }

  /** ffmpeg has ended: what is left, one fragment after the other. */
  rest(nowMs: number): Fragment | undefined {
    for (const output of this.#outputs)
      for (const sample of output.encoded?.end() ?? []) this.#come(output, 0, sample, nowMs);
    for (const one of this.#gate?.end() ?? []) this.#record(one, nowMs);
    this.#release(nowMs, true);
    return this.#fragmenter.rest();
  }

  /** The picture with which the last fragment begins, if it can be decoded by itself; valid as long as that. */
  get keyPicture(): KeyPicture | undefined {
    return this.#fragmenter.keyPicture;
  }

  /** A muxer for the next part, which begins with this fragment. */
  startPart(first: Fragment, pages: PageStore): PartMuxer {
    return this.#writer.startPart(first, pages);
  }

  #take(output: Output, packet: Packet, nowMs: number): void {
    this.#declare(output);
    const behind = packet.stream - output.sources.length;
    if (behind >= 0) {
      this.#data?.push(behind, packet, nowMs);
      return;
    }
    const made = output.tracks[packet.stream]?.next(packet);
    if (made === undefined) return;
    const { encoded } = output;
    if (encoded === undefined) this.#come(output, packet.stream, made, nowMs);
    else for (const sample of encoded.push(made)) this.#come(output, packet.stream, sample, nowMs);
  }

  #come(output: Output, stream: number, sample: Sample, nowMs: number): void {
    const isEncoded = output.encoded !== undefined;
    const coming = comingOf(output.names[stream] ?? '', isEncoded, sample);
    this.#firstMs ??= coming.timeMs;
    const taken = { id: output.firstId + stream, coming, sample, arrivedAtMs: nowMs };
    if (this.#order?.isTurnKnown === false) this.#order.come(timeOf(taken), sample.description.info.kind);
    if (this.#gate === undefined) {
      if (this.#content?.isRepeated(coming) !== true) this.#record(taken, nowMs);
    } else
      for (const one of this.#gate.push(coming, this.#gate.isHolding ? kept(taken) : taken, nowMs))
        this.#record(one, nowMs);
  }

  /** What is encoded comes through a pipe of its own, and pictures may be there before it: not before it has begun. */
  #tellJumps(): void {
    if (this.#order?.isKnown === true) return;
    const [name = ''] = this.#outputs.find(({ encoded }) => encoded !== undefined)?.names ?? [];
    // ffmpeg may have come to a jump before anything of it is read.
    if (this.#timeline.clockOf(name) === undefined) return;
    for (const { fromMs, ms, isAnew } of this.#takenOff.slice(this.#told))
      if (isAnew !== true) this.#timeline.willBegin(name, fromMs + ms);
    this.#told = this.#takenOff.length;
  }

  #record(taken: Taken, nowMs: number): void {
    const { coming, sample } = taken;
    if (!this.#canBegin(coming.track, sample, nowMs)) return;
    if (this.#jumped.holds(timeOf(taken), nowMs))
      this.#jumped.hold(coming.track, kept(taken), sample.data.length);
    else this.#begin(taken, nowMs);
    this.#release(nowMs);
  }

  #begin(came: Taken, nowMs: number): void {
    const taken = this.#ordered(came);
    if (this.#late.holds(timeOf(taken), nowMs)) this.#late.hold(taken.coming.track, kept(taken));
    else this.#place(taken, nowMs);
  }

  #ordered(taken: Taken): Taken {
    if (this.#order === undefined || taken.time !== undefined) return taken;
    const { kind } = taken.sample.description.info;
    const time = this.#order.ordered(timeOf(taken), kind);
    return time === undefined ? taken : { ...taken, time };
  }

  #isUntold(name: string): boolean {
    if (this.#order === undefined) return false;
    const source = this.#outputs.flatMap(({ names, sources }) => sources[names.indexOf(name)] ?? []);
    return source.some(({ kind }) => this.#order?.isUntold(kind) === true);
  }

  /** What was held until it was known where it belongs begins there. */
  #orderedLate(held: Taken): Taken {
    const taken = this.#ordered(held);
    const { time } = taken;
    if (taken !== held && time !== undefined)
      this.#timeline.willBegin(time.track, (time.dts * 1_000) / time.timescale);
    return taken;
  }

  /** @param isEnd nothing more comes */
  #release(nowMs: number, isEnd = false): void {
    for (const one of this.#jumped.release(nowMs, isEnd)) this.#begin(one, nowMs);
    for (const one of this.#late.release(nowMs, isEnd)) this.#place(this.#orderedLate(one), nowMs);
  }

  #place(taken: Taken, nowMs: number): void {
    const { id, coming, sample, arrivedAtMs } = taken;
    const { timescale } = sample.description;
    const { dts, jump } = this.#timeline.place(timeOf(taken), nowMs, taken.time !== undefined);
    if (jump !== undefined) this.#jumps.push(jump);
    const placedMs = ((dts + sample.offset) * 1_000) / timescale;
    // Later ones may be strays, whose own time says nothing.
    this.#firstPlacedMs ??= this.#order?.firstMs ?? placedMs - coming.timeMs + (this.#firstMs ?? 0);
    const firstZeroMs = (this.#receivedAtMs ?? Number.POSITIVE_INFINITY) - this.#firstPlacedMs;
    this.#zeroByClockMs = Math.min(this.#zeroByClockMs, firstZeroMs, arrivedAtMs - placedMs);
    this.#content?.remember(coming, placedMs);
    if (sample.description.info.kind === this.#timedBy) this.#data?.see(coming.timeMs, placedMs);
    this.#fragmenter.push(id, { ...sample, dts }, nowMs);
  }

  /** ffmpeg's headers say of all tracks of an output what they are, before the first packet of any. */
  #declare({ reader, sources, firstId, tracks }: Output): void {
    // Asked for each packet: `entries()` would make an array for each track.
    for (let index = 0; index < sources.length; index++) {
      if (tracks[index] !== undefined) continue;
      const source = sources[index];
      const stream = reader.stream(index);
      if (source === undefined || stream === undefined) continue;
      const track = trackOf(source, stream);
      tracks[index] = track;
      this.#fragmenter.declare(firstId + index, source.kind, track.description);
    }
    if (firstId === 1) this.#data?.describe((place) => reader.stream(sources.length + place)?.extradata);
  }

  /** Pictures begin with a keyframe, or right behind what is recorded. */
  #canBegin(track: string, { keyframe, description }: Sample, nowMs: number): boolean {
    if (description.info.kind === 'audio' || this.#begun.has(track)) return true;
    if (keyframe || this.#content?.isSeamless(track) === true) {
      this.#begun.add(track);
      this.#waitsSinceMs = undefined;
      return true;
    }
    this.#waitsSinceMs ??= nowMs;
    return false;
  }
}
