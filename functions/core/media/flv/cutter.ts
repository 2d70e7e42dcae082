import { Progress } from '../live/progress.ts';
import {
  isLookedAt,
  type OtherTrack,
  picturesGoOn,
  type RunCutter,
  type RunPiece,
  RunPieces,
  waitsTooLong,
} from '../live/runCutter.ts';
import type { SentTime } from '../timeline/sentClocks.ts';
import { codecOf } from './enhanced.ts';
import { configurationIn } from './ownSets.ts';
import { Publishers } from './publishers.ts';
import { type FlvTag, FlvTagReader } from './tags.ts';

/** What is longer is not said again to another run. */
const METADATA_MAX_BYTES = 64 * 1024;

type MediaTag = FlvTag & { readonly kind: 'audio' | 'video' };
type Kind = MediaTag['kind'];

const isMedia = (tag: FlvTag): tag is MediaTag => tag.kind === 'audio' || tag.kind === 'video';
/** There are others: cue points, captions. */
const isMetadata = ({ kind, bytes }: FlvTag): boolean =>
  kind === 'script' && bytes.length <= METADATA_MAX_BYTES && bytes.includes('onMetaData');

/** It outlives the memory that it was read into. */
const kept = <T extends FlvTag>(tag: T): T => ({ ...tag, bytes: Buffer.from(tag.bytes) });

/** Cuts FLV where a kind of media begins, or becomes one of another codec. */
export class FlvCutter implements RunCutter {
  readonly scrambled = 0;
  readonly #reader = new FlvTagReader();
  /** How what the present run has is coded. */
  #known = new Map<Kind, string>();
  readonly #configurations = new Map<Kind, MediaTag>();
  #metadata: FlvTag | undefined;
  #undecodable = 0;
  /** Kinds that come without their configuration, by how they are coded. */
  readonly #lost = new Map<Kind, string>();
  #isFirst: boolean = true;
  readonly #progress = new Progress();
  readonly #publishers = new Publishers();
  #sent: SentTime[] = [];
  /** The present run. Times are those of the progress. */
  #began: { readonly atMs: number; bytes: number } | undefined;
  #lastPictureMs: number | undefined;
  /** Sound that waits for the next keyframe. */
  #waiting: MediaTag[] = [];
  #waitingSinceMs = 0;
  #waitingBytes = 0;

  get undecodable(): number {
    return this.#undecodable;
  }

  get otherTracks(): readonly OtherTrack[] {
    const lost = [...this.#lost].map(([kind, coding]) => ({
      kind,
      codec: codecOf(coding),
      reason: 'never_came' as const,
    }));
    return [...this.#reader.otherTracks, ...lost];
  }

  get samples(): number {
    return this.#progress.samples;
  }

  /** Nothing that a demuxer does not get: a tag says how long it is. */
  hasCome(): boolean {
    return false;
  }

  takeSent(): readonly SentTime[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  push(chunk: Buffer): RunPiece[] {
    const pieces = new RunPieces();
    for (const tag of this.#reader.push(chunk)) this.#take(tag, pieces);
    return pieces.all();
  }

  end(): RunPiece[] {
    const pieces = new RunPieces();
    if (this.#waiting.length > 0) this.#cut(pieces);
    pieces.add(this.#reader.rest);
    return pieces.all();
  }

  #take(tag: FlvTag, pieces: RunPieces): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      pieces.add(this.#reader.header as Buffer, true);
    }
    if (!isMedia(tag)) {
      if (isMetadata(tag)) this.#metadata = kept(tag);
      pieces.add(tag.bytes);
      return;
    }
    if (this.#isLost(tag)) {
      const configuration = configurationIn(tag);
      if (configuration !== undefined) this.#take(configuration, pieces);
    }
    if (this.#isUndecodable(tag)) return;
    const { kind, coding, isConfiguration } = tag;
    this.#progress.see(kind, tag.timeMs, !isConfiguration);
    if (isConfiguration) {
      this.#configurations.set(kind, kept(tag));
      this.#publishers.configure(kind, tag.timeMs);
    } else this.#send(kind, tag.timeMs);
    const isKnown = this.#known.get(kind) === coding || (!this.#known.has(kind) && this.#isLookedAt);
    if (!isKnown) {
      if (isConfiguration) return;
      this.#begin(tag, pieces);
    } else {
      if (this.#waiting.length > 0 && this.#endsWaiting(tag)) this.#cut(pieces);
      // Of pictures that are only announced a demuxer does not know the size, and would not follow them.
      if (kind === 'audio' || !isConfiguration) this.#known.set(kind, coding);
      this.#began ??= { atMs: this.#progress.nowMs, bytes: 0 };
      this.#began.bytes += tag.bytes.length;
      pieces.add(tag.bytes);
    }
    if (kind === 'video' && !isConfiguration) this.#lastPictureMs = this.#progress.nowMs;
  }

  #send(kind: Kind, timeMs: number): void {
    const publisher = this.#publishers.of(kind, timeMs);
    this.#sent.push({ kind, track: kind, dts: timeMs, timescale: 1_000, publisher });
  }

  /**
   * Samples whose configuration has not come, as of a stream that is joined in its middle: a demuxer would look for what it
   * says in vain, and not follow them any more. Once it has come, a demuxer can tell by itself which pictures it cannot decode.
   */
  #isUndecodable(tag: MediaTag): boolean {
    const isLost = this.#isLost(tag);
    if (isLost) this.#lost.set(tag.kind, tag.coding);
    else this.#lost.delete(tag.kind);
    if (tag.kind === 'video') this.#undecodable = isLost ? this.#undecodable + 1 : 0;
    return isLost;
  }

  #isLost({ kind, coding, needsConfiguration }: MediaTag): boolean {
    return needsConfiguration && this.#configurations.get(kind)?.coding !== coding;
  }

  /** Whether who reads the present run still looks for what it has. */
  get #isLookedAt(): boolean {
    const began = this.#began;
    return began === undefined || isLookedAt(this.#progress.nowMs - began.atMs, began.bytes);
  }

  /** A sample of what the present run does not know. */
  #begin(tag: MediaTag, pieces: RunPieces): void {
    const { kind, coding } = tag;
    if (this.#configurations.get(kind)?.coding !== coding) this.#configurations.delete(kind);
    if (kind === 'audio' && this.#picturesGoOn) {
      if (this.#waiting.length === 0) this.#waitingSinceMs = this.#progress.nowMs;
      this.#waiting.push(kept(tag));
      this.#waitingBytes += tag.bytes.length;
      return;
    }
    this.#cut(pieces);
    this.#known.set(kind, coding);
    this.#began = { atMs: this.#progress.nowMs, bytes: tag.bytes.length };
    pieces.add(tag.bytes);
  }

  #endsWaiting({ isKeyframe }: FlvTag): boolean {
    const waitsMs = this.#progress.nowMs - this.#waitingSinceMs;
    return isKeyframe || waitsTooLong(waitsMs, this.#waitingBytes);
  }

  get #picturesGoOn(): boolean {
    const lastMs = this.#lastPictureMs;
    return lastMs !== undefined && picturesGoOn(this.#progress.nowMs - lastMs);
  }

  /** Another run begins, with what waited. */
  #cut(pieces: RunPieces): void {
    const media = [...this.#configurations.values(), ...this.#waiting];
    const tags = this.#metadata === undefined ? media : [this.#metadata, ...media];
    pieces.add(Buffer.concat([this.#reader.header as Buffer, ...tags.map(({ bytes }) => bytes)]), true);
    const pictures = this.#known.get('video');
    const sounds = media.filter(({ kind }) => kind === 'audio');
    this.#known = new Map(sounds.map(({ kind, coding }) => [kind, coding]));
    if (pictures !== undefined && this.#picturesGoOn) this.#known.set('video', pictures);
    const began = { atMs: this.#waitingSinceMs, bytes: this.#waitingBytes };
    this.#began = this.#waiting.length === 0 ? undefined : began;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
