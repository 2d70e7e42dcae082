import type { JournalEntry, JournaledFile, SavedFacts } from '../../functions/core/journal/entry.ts';
import { GAP_MIN_MS } from '../../functions/core/journal/liveNumbering.ts';
import type { PlayedFragment } from '../../functions/core/media/types.ts';
import type { LivePlayback } from './livePlayback.ts';
import type { HeldBytes } from './partMemory.ts';
import type { PartUpload } from './partUpload.ts';
import type { AddedToLog } from './writeAheadLog.ts';

export interface JournalTrackOptions {
  readonly file: JournaledFile;
  /** A recording's own bound: what is older is to be saved. */
  readonly maxLossMs: number;
  readonly upload: Pick<PartUpload, 'bytes' | 'prefixBytes' | 'keptFrom' | 'crc32' | 'hold' | 'taken'>;
  /** Whether somebody took the recorder for lost, and completes the file without it. */
  readonly isRescued: () => Promise<boolean>;
  /** Undefined where nobody watches what is recorded. */
  readonly live?: LivePlayback | undefined;
  /** Its number, once that was taken. */
  readonly part?: () => number | undefined;
}

/** What was appended: a fragment, behind the file's head where it is the first one. */
export interface AddedFragment {
  readonly keyframe: boolean;
  readonly headBytes: number;
  /** Behind the head; undefined where players get nothing of it. */
  readonly played: PlayedFragment | undefined;
}

/** How the file goes with the fragment that ends at `end`. */
interface Mark extends SavedFacts {
  readonly end: number;
  readonly keyframe: boolean;
  readonly played: Played | undefined;
}

/** What a player gets, by its place in the file. */
interface Played {
  readonly from: number;
  readonly end: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** An entry of the next object, without its bytes. */
export interface Cut {
  readonly track: JournalTrack;
  readonly entry: Omit<JournalEntry, 'live'>;
  /** Of its bytes. */
  readonly played: Played | undefined;
}

/** What of one file is in the journal, and what is still to come into it: whole fragments, each once. */
export class JournalTrack {
  readonly #options: JournalTrackOptions;
  readonly #onAdded: (isFirst: boolean, fragment: AddedToLog) => void;
  readonly #onClosed: () => void;
  /** Ends of fragments that are not in the journal yet. */
  readonly #marks: Mark[] = [];
  #addedTo = 0;
  #addedMs = 0;
  #takenTo = 0;
  #takenMs = 0;
  /** Cuts whose bytes are asked for. */
  #asking = 0;
  readonly #drained = Promise.withResolvers<void>();
  #savedAtMs: number | undefined;
  #savedTo = 0;
  #state: 'open' | 'complete' | 'left' = 'open';

  /** @param onAdded told of each fragment, and whether it is the attempt's first; @param onClosed nothing more comes */
  constructor(
    options: JournalTrackOptions,
    onAdded: (isFirst: boolean, fragment: AddedToLog) => void,
    onClosed: () => void,
  ) {
    this.#options = options;
    this.#onAdded = onAdded;
    this.#onClosed = onClosed;
  }

  get maxLossMs(): number {
    return this.#options.maxLossMs;
  }

  /** Whole fragments that are not in the journal yet. */
  get pendingBytes(): number {
    return this.#addedTo - this.#takenTo;
  }

  /** Age of what would be lost if the task were killed now; undefined before anything was saved. */
  ageMs(nowMs: number): number | undefined {
    return this.#savedAtMs === undefined ? undefined : nowMs - this.#savedAtMs;
  }

  /** Which recording's, and its first, second, … file. */
  get file(): JournaledFile {
    return this.#options.file;
  }

  /** A fragment was appended as a whole: so the file is by now. */
  added(facts: SavedFacts, { keyframe, headBytes, played }: AddedFragment): void {
    const end = this.#options.upload.bytes;
    const from = this.#addedTo + headBytes;
    const isFirst = this.#addedTo === 0 && this.#options.file.file === 1;
    const saved = { ...facts, durationMs: Math.round(facts.durationMs) };
    const logged = this.#logged(saved, keyframe, end);
    this.#addedTo = end;
    this.#addedMs = saved.durationMs;
    this.#marks.push({
      ...saved,
      end,
      keyframe,
      played: played === undefined ? undefined : { ...played, from, end: from + played.bytes },
    });
    this.#onAdded(isFirst, logged);
  }

  /** What comes behind all that was added, up to `end`, by itself. */
  #logged(facts: SavedFacts, keyframe: boolean, end: number): AddedToLog {
    const { file, upload, part } = this.#options;
    const offset = this.#addedTo;
    return {
      entry: {
        ...file,
        offset,
        bytes: end - offset,
        fromMs: this.#addedMs,
        keyframe,
        ...facts,
        part: part?.(),
      },
      isKept: () => {
        const { from, to } = upload.keptFrom(offset);
        return from === offset && to >= end;
      },
      crc32: () => upload.crc32(offset, end),
      hold: () => upload.hold(offset, end),
      isSaved: () => end <= this.#savedTo || this.isLeft || this.isUseless(end),
    };
  }

  /**
   * The file is complete: nothing of it is needed any more to save it. What is not in the journal yet comes into it all
   * the same, for whoever watches.
   */
  complete(): void {
    this.#close('complete');
  }

  /** Settles when the journal has taken all of a file that is complete, or does without it. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Nobody waits for what is not in the journal yet. */
  drop(): void {
    if (!this.isOpen) this.#forgetAll();
  }

  /** The file is not completed by this recorder: what is in the journal is for whoever does. */
  leave(): void {
    this.#close('left');
  }

  /** Nobody needs the bytes before an offset any more: they are in S3 without a gap, and nobody completes the file alone. */
  isUseless(end: number): boolean {
    if (this.#state === 'open') return end <= this.#options.upload.prefixBytes;
    return this.#state === 'complete';
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isLeft(): boolean {
    return this.#state === 'left';
  }

  /** Whoever watches may ask for what was written then. */
  isShown(writtenAtMs: number, nowMs: number): boolean {
    return this.#options.live?.keeps(writtenAtMs, nowMs) === true;
  }

  /**
   * Asked before something is removed: a rescuer may write its own S3 part over one of the recorder's, so it needs all
   * that there is. Read after S3 has the recorder's: a rescuer that is not seen here sees those.
   */
  async leaveIfRescued(): Promise<void> {
    if (this.#state === 'open' && (await this.#options.isRescued())) this.leave();
  }

  /**
   * Whole fragments for the next object: as many as fit, and make one segment for a player. They are not given again.
   * @param mustGive one at least, however large; undefined where there is none
   */
  cut(maxBytes: number, mustGive: boolean): Cut | undefined {
    const { upload, file, part } = this.#options;
    for (;;) {
      const { from, to } = upload.keptFrom(this.#takenTo);
      // S3 was faster than the journal: what it has, and is not kept any more, is left out.
      this.#forget(from);
      const [first] = this.#marks;
      if (first === undefined) {
        this.#takenTo = this.#addedTo;
        this.#checkDrained();
        return undefined;
      }
      if (first.end <= to) {
        const last = this.#lastOf(first, to, from + maxBytes);
        if (last === undefined && !mustGive) return undefined;
        const { end, durationMs, videoFrames, atMs } = last ?? first;
        const keyframe = first.keyframe && from === this.#takenTo;
        const facts = { fromMs: this.#takenMs, keyframe, durationMs, videoFrames, atMs, part: part?.() };
        // Of a fragment that is not whole here there is nothing to play.
        const isWhole = first.played !== undefined && from <= first.played.from;
        const played = isWhole ? spanOf(first, last ?? first) : undefined;
        this.#takenTo = end;
        this.#forget(end);
        this.#asking += 1;
        const place = { offset: from, bytes: end - from, crc32: upload.crc32(from, end) };
        return { track: this, entry: { ...file, ...place, ...facts }, played };
      }
      this.#takenTo = to;
    }
  }

  /** The last mark that goes with the first one; undefined where not even that fits. */
  #lastOf(first: Mark, to: number, maxEnd: number): Mark | undefined {
    const { live } = this.#options;
    let last: Mark | undefined;
    for (const mark of this.#marks) {
      if (mark.end > Math.min(to, maxEnd)) break;
      if (last !== undefined && live !== undefined && !goesOn(first, last, mark, live.targetMs)) break;
      last = mark;
    }
    return last;
  }

  /** @throws the disk's own error; UnreadableError */
  hold({ entry }: Cut): Promise<HeldBytes> {
    return this.#options.upload.hold(entry.offset, entry.offset + entry.bytes);
  }

  /** Its bytes are held, or cannot be: they are not asked for again. */
  taken({ entry }: Cut): void {
    this.#asking -= 1;
    if (this.#state !== 'left') this.#options.upload.taken(entry.offset + entry.bytes);
    this.#checkDrained();
  }

  /** As it comes into the journal. */
  numbered({ entry, played }: Cut): Pick<JournalEntry, 'live'> {
    const numbering = this.#options.live?.numbering;
    if (played === undefined) {
      numbering?.skip(entry);
      return {};
    }
    const { from, end, startMs, endMs } = played;
    const place = { skipBytes: from - entry.offset, playedBytes: end - from, startMs, endMs };
    return numbering === undefined ? {} : { live: numbering.next({ ...entry, ...place }) };
  }

  /** It is in S3. */
  saved({ entry }: Cut): void {
    this.#savedAtMs = entry.atMs;
    this.#savedTo = entry.offset + entry.bytes;
  }

  /** Fragments that end before there. */
  #forget(offset: number): void {
    for (let [first] = this.#marks; first !== undefined && first.end <= offset; [first] = this.#marks) {
      this.#takenMs = first.durationMs;
      this.#marks.shift();
    }
  }

  #close(state: 'complete' | 'left'): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    if (state === 'left' || this.#options.live === undefined) this.#forgetAll();
    this.#checkDrained();
    this.#onClosed();
  }

  #forgetAll(): void {
    this.#marks.length = 0;
    this.#takenTo = this.#addedTo;
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (!this.isOpen && this.#asking === 0 && this.pendingBytes === 0) this.#drained.resolve();
  }
}

/** A player gets both as one range, without a pause between, which is not too long. */
function goesOn(first: Mark, last: Mark, next: Mark, targetMs: number): boolean {
  if (first.played === undefined || last.played === undefined || next.played === undefined)
    return first.played === next.played;
  if (next.played.from !== last.played.end || next.played.startMs - last.played.endMs > GAP_MIN_MS)
    return false;
  return next.played.endMs - first.played.startMs <= targetMs;
}

function spanOf({ played: first }: Mark, { played: last }: Mark): Played | undefined {
  if (first === undefined || last === undefined) return undefined;
  const { from, startMs } = first;
  return { from, startMs, end: last.end, endMs: last.endMs };
}
