import { Progress } from '../live/progress.ts';
import {
  isLookedAt,
  picturesGoOn,
  type RunCutter,
  type RunPiece,
  RunPieces,
  waitsTooLong,
} from '../live/runCutter.ts';
import type { SentTime } from '../timeline/sentClocks.ts';
import { Continuity } from './continuity.ts';
import { LastPictures } from './lastPictures.ts';
import { PACKET_BYTES, type Packet, readPacket, readPesTimes, TICKS_PER_MS } from './packets.ts';
import { ProgramTable, type StreamKind } from './programTable.ts';
import { TrueTypes } from './trueTypes.ts';

const SYNC = 0x47;
/** All streams begin a packet of theirs within so long, or have stopped. */
const DRAIN_MAX_MS = 1_000;
const DRAIN_MAX_BYTES = 4 * 1024 * 1024;
/** Where tables announce one kind alone, ffmpeg looks on for the other in as much. */
const ONE_KIND_BYTES = 100_000;
/** What stands before a keyframe: parameter sets of H.264 and HEVC, a sequence header of MPEG-2. */
const START_CODE = Buffer.from([0, 0, 1]);

interface Waiting {
  readonly pids: Set<number>;
  readonly pictures: Buffer[];
  readonly others: Buffer[];
  readonly sinceMs: number;
  bytes: number;
}

/** A cut that has been decided: each stream goes to the next run with its next PES packet. */
interface Drain {
  readonly sinceMs: number;
  readonly begun: Map<number, number>;
  readonly pictures: Buffer[];
  readonly others: Buffer[];
  bytes: number;
}

/** Cuts a transport stream where a stream of a programme begins, be it one that had been announced long before. */
export class TsCutter implements RunCutter {
  /** A demuxer reads all. */
  readonly otherTracks = [];
  readonly #table = new ProgramTable();
  readonly #continuity = new Continuity();
  readonly #types = new TrueTypes();
  readonly #lastPictures = new LastPictures();
  #isFirst: boolean = true;
  /** All that is announced has begun in the present run. */
  #hasAll: boolean = false;
  #known = new Set<number>();
  /** What they were, as the present run was told. */
  #codecs = new Map<number, string | undefined>();
  /** Pictures whose first keyframe has come. */
  readonly #decodable = new Set<number>();
  readonly #progress = new Progress();
  #sent: SentTime[] = [];
  #beganMs = 0;
  #runBytes = 0;
  #lastPictureMs: number | undefined;
  /** Streams that wait for the next keyframe. */
  #waiting: Waiting | undefined;
  #drain: Drain | undefined;
  #undecodable = 0;
  #scrambled = 0;

  get undecodable(): number {
    return this.#undecodable;
  }

  get scrambled(): number {
    return this.#scrambled;
  }

  hasCome(kind: StreamKind): boolean {
    if (kind === 'video') return this.#lastPictures.hasAny;
    return [...this.#known].some((pid) => this.#table.kindOf(pid) === kind);
  }

  get samples(): number {
    return this.#progress.samples;
  }

  takeSent(): readonly SentTime[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  push(chunk: Buffer): RunPiece[] {
    const pieces = new RunPieces();
    const packets = this.#types.push(this.#continuity.push(chunk));
    for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES)
      this.#take(packets.subarray(at, at + PACKET_BYTES), pieces);
    return pieces.all();
  }

  end(): RunPiece[] {
    const pieces = new RunPieces();
    if (this.#waiting !== undefined) this.#drain ??= this.#newDrain();
    if (this.#drain !== undefined) this.#cut(this.#drain, pieces);
    for (const mark of this.#lastPictures.marks()) pieces.add(mark);
    return pieces.all();
  }

  #take(bytes: Buffer, pieces: RunPieces): void {
    const packet = readable(bytes);
    if (packet === undefined) return;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.#runBytes += PACKET_BYTES;
    const isTable = this.#table.read(bytes, packet);
    // What says that a stream has become another one belongs to the run that begins with that.
    if (isTable && [...this.#known].some((pid) => this.#isOther(pid))) return;
    const kind = isTable ? undefined : this.#table.kindOf(packet.pid);
    if (kind === undefined) {
      // Before tables come, demuxers guess what it is.
      if (!isTable && packet.unitStart && isKeyframe(bytes, packet)) this.#decodable.add(packet.pid);
      pieces.add(bytes, isFirst);
      return;
    }
    // As if it were not there: a demuxer would take it for media.
    this.#scrambled = packet.isScrambled ? this.#scrambled + 1 : 0;
    if (packet.isScrambled) return;
    if (packet.unitStart && this.#isOther(packet.pid) && this.#known.delete(packet.pid))
      this.#decodable.delete(packet.pid);
    if (this.#isUndecodable(bytes, packet)) return;
    if (kind === 'video') this.#lastPictures.see(bytes, packet);
    if (packet.unitStart) this.#readTime(bytes, packet, kind);
    if (this.#drain !== undefined) this.#takeDraining(this.#drain, bytes, packet, kind, pieces);
    else if (this.#isKnown(packet)) this.#takeKnown(bytes, packet, kind, pieces);
    else this.#takeNew(bytes, packet, kind);
  }

  /**
   * Pictures of which no keyframe has come: a demuxer would look for their size in vain, and not follow them any more.
   */
  #isUndecodable(bytes: Buffer, packet: Packet): boolean {
    const { pid, unitStart } = packet;
    if (!this.#table.hasParameterSets(pid) || this.#decodable.has(pid)) return false;
    if (unitStart && isKeyframe(bytes, packet)) {
      this.#decodable.add(pid);
      this.#undecodable = 0;
      return false;
    }
    if (unitStart) this.#undecodable += 1;
    return true;
  }

  #readTime(bytes: Buffer, { pid, payloadAt }: Packet, kind: StreamKind): void {
    const times = readPesTimes(bytes, payloadAt);
    if (times !== undefined) {
      this.#progress.see(pid, times.dts / TICKS_PER_MS);
      this.#sent.push({ kind, track: String(pid), dts: times.dts, timescale: 1_000 * TICKS_PER_MS });
    }
    if (kind === 'video') this.#lastPictureMs = this.#progress.nowMs;
  }

  /** The present run has it; it has all that begins while a demuxer looks, and what has not begun is nobody's. */
  #isKnown({ pid, unitStart }: Packet): boolean {
    if (this.#known.has(pid)) return true;
    if (this.#waiting?.pids.has(pid) === true) return false;
    if (!unitStart) return true;
    const isSeen = !this.#hasAll && isLookedAt(this.#progress.nowMs - this.#beganMs, this.#runBytes);
    // A demuxer goes by what it was told first.
    const begins = isSeen && !this.#isOther(pid) && !this.#types.corrected.has(pid);
    if (begins) {
      this.#known.add(pid);
      this.#codecs.set(pid, this.#table.codecOf(pid));
      this.#hasAll = this.#isAll();
    }
    return begins;
  }

  /** The tables say that it has become another codec: a demuxer would go on as before. */
  #isOther(pid: number): boolean {
    const [before, now] = [this.#codecs.get(pid), this.#table.codecOf(pid)];
    return before !== undefined && now !== undefined && before !== now;
  }

  /** A demuxer looks no further when all has begun that is announced: pictures and sound, or one of both for long enough. */
  #isAll(): boolean {
    const announced = this.#table.announced;
    const kinds = new Set(announced.values());
    const isEnough = kinds.size === 2 || this.#runBytes > ONE_KIND_BYTES;
    return isEnough && [...announced.keys()].every((pid) => this.#known.has(pid));
  }

  #takeKnown(bytes: Buffer, packet: Packet, kind: StreamKind, pieces: RunPieces): void {
    const waiting = this.#waiting;
    if (waiting !== undefined && packet.unitStart) {
      const isTooLong = waitsTooLong(this.#progress.nowMs - waiting.sinceMs, waiting.bytes);
      if (isTooLong || (kind === 'video' && isKeyframe(bytes, packet))) {
        this.#drain = this.#newDrain();
        this.#takeDraining(this.#drain, bytes, packet, kind, pieces);
        return;
      }
    }
    pieces.add(bytes);
  }

  #takeNew(bytes: Buffer, { pid }: Packet, kind: StreamKind): void {
    this.#waiting ??= { pids: new Set(), pictures: [], others: [], sinceMs: this.#progress.nowMs, bytes: 0 };
    this.#waiting.pids.add(pid);
    this.#waiting[kind === 'video' ? 'pictures' : 'others'].push(Buffer.from(bytes));
    this.#waiting.bytes += PACKET_BYTES;
    const last = this.#lastPictureMs;
    if (kind !== 'audio' || last === undefined || !picturesGoOn(this.#progress.nowMs - last))
      this.#drain = this.#newDrain();
  }

  #newDrain(): Drain {
    return { sinceMs: this.#progress.nowMs, begun: new Map(), pictures: [], others: [], bytes: 0 };
  }

  #takeDraining(drain: Drain, bytes: Buffer, packet: Packet, kind: StreamKind, pieces: RunPieces): void {
    const { pid, unitStart } = packet;
    const isNew = !this.#known.has(pid);
    const begun = drain.begun.get(pid) ?? 0;
    if (unitStart) drain.begun.set(pid, begun + 1);
    if (isNew || begun > 0 || unitStart) {
      (kind === 'video' ? drain.pictures : drain.others).push(Buffer.from(bytes));
      drain.bytes += PACKET_BYTES;
    } else pieces.add(bytes);
    // The first picture is whole when the next one begins: a demuxer is to see it before all else.
    const isOver = [...this.#known].every(
      (one) => (drain.begun.get(one) ?? 0) >= (this.#table.kindOf(one) === 'video' ? 2 : 1),
    );
    const isTooLong = this.#progress.nowMs - drain.sinceMs > DRAIN_MAX_MS || drain.bytes > DRAIN_MAX_BYTES;
    if (isOver || isTooLong) this.#cut(drain, pieces);
  }

  #cut(drain: Drain, pieces: RunPieces): void {
    const streams = [
      ...[...(this.#waiting?.pictures ?? []), ...drain.pictures],
      ...[...(this.#waiting?.others ?? []), ...drain.others],
    ];
    const bytes = Buffer.concat([...this.#table.packets, ...streams]);
    this.#known = new Set(streams.map((packet) => packet.readUInt16BE(1) & 0x1fff));
    this.#codecs = new Map([...this.#known].map((pid) => [pid, this.#table.codecOf(pid)]));
    this.#hasAll = this.#isAll();
    this.#beganMs = this.#progress.nowMs;
    this.#runBytes = bytes.length;
    this.#waiting = undefined;
    this.#drain = undefined;
    this.#types.forget();
    pieces.add(bytes, true);
  }
}

/** What is damaged goes nowhere. */
function readable(bytes: Buffer): Packet | undefined {
  const hasAdaptation = ((bytes[3] ?? 0) & 0x20) !== 0;
  if (bytes[0] !== SYNC || (hasAdaptation && (bytes[4] ?? 0) > PACKET_BYTES - 5)) return undefined;
  return readPacket(bytes, 0);
}

function isKeyframe(bytes: Buffer, { randomAccess, payloadAt }: Packet): boolean {
  if (randomAccess) return true;
  for (let at = bytes.indexOf(START_CODE, payloadAt + 3); at >= 0; at = bytes.indexOf(START_CODE, at + 3)) {
    const next = bytes[at + 3] ?? 0;
    const isH264 = (next & 0x9f) === 7;
    const isHevc = next === 0x40 || next === 0x42;
    if (isH264 || isHevc || next === 0xb3) return true;
  }
  return false;
}
