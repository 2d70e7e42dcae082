import type { JournalEntry, JournaledFile, SavedFacts } from '../../functions/core/journal/entry.ts';
import type { PartUpload } from './partUpload.ts';

export interface JournalTrackOptions {
  readonly file: JournaledFile;
  /** A recording's own bound: what is older is to be saved. */
  readonly maxLossMs: number;
  readonly upload: Pick<PartUpload, 'bytes' | 'prefixBytes' | 'keptFrom' | 'copyTo' | 'taken'>;
  /** Whether somebody took the recorder for lost, and completes the file without it. */
  readonly isRescued: () => Promise<boolean>;
}

/** How the file goes with the fragment that ends at `end`. */
interface Mark extends SavedFacts {
  readonly end: number;
  readonly keyframe: boolean;
}

/** An entry of the next object, before its bytes were copied. */
export interface Cut {
  readonly track: JournalTrack;
  readonly entry: Omit<JournalEntry, 'crc32'>;
}

/** What of one file is in the journal, and what is still to come into it: whole fragments, each once. */
export class JournalTrack {
  readonly #options: JournalTrackOptions;
  readonly #onAdded: (isFirst: boolean) => void;
  readonly #onClosed: () => void;
  /** Ends of fragments that are not in the journal yet. */
  readonly #marks: Mark[] = [];
  #addedTo = 0;
  #takenTo = 0;
  #takenMs = 0;
  #savedAtMs: number | undefined;
  #state: 'open' | 'complete' | 'left' = 'open';

  /** @param onAdded told of each fragment, and whether it is the attempt's first; @param onClosed nothing more comes */
  constructor(options: JournalTrackOptions, onAdded: (isFirst: boolean) => void, onClosed: () => void) {
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

  /** A fragment was appended as a whole: so the file is by now. */
  added(facts: SavedFacts, keyframe: boolean): void {
    const end = this.#options.upload.bytes;
    const isFirst = this.#addedTo === 0 && this.#options.file.file === 1;
    this.#addedTo = end;
    this.#marks.push({ ...facts, durationMs: Math.round(facts.durationMs), end, keyframe });
    this.#onAdded(isFirst);
  }

  /** The file is complete: nothing of it is needed any more. */
  complete(): void {
    this.#close('complete');
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

  /**
   * Asked before something is removed: a rescuer may write its own S3 part over one of the recorder's, so it needs all
   * that there is. Read after S3 has the recorder's: a rescuer that is not seen here sees those.
   */
  async leaveIfRescued(): Promise<void> {
    if (this.#state === 'open' && (await this.#options.isRescued())) this.leave();
  }

  /** Whole fragments for the next object: as many as fit, and one at least; undefined when there are none. */
  cut(maxBytes: number): Cut | undefined {
    const { upload, file } = this.#options;
    for (;;) {
      const { from, to } = upload.keptFrom(this.#takenTo);
      // S3 was faster than the journal: what it has, and is not kept any more, is left out.
      this.#forget(from);
      const [first] = this.#marks;
      if (first === undefined) return undefined;
      if (first.end <= to) {
        const { end, durationMs, videoFrames, atMs } =
          this.#marks.findLast((mark) => mark.end <= to && mark.end - from <= maxBytes) ?? first;
        const facts = { durationMs, videoFrames, atMs };
        const keyframe = first.keyframe && from === this.#takenTo;
        const fromMs = this.#takenMs;
        return {
          track: this,
          entry: { ...file, offset: from, bytes: end - from, fromMs, keyframe, ...facts },
        };
      }
      this.#takenTo = to;
    }
  }

  /** @throws the disk's own error */
  copy({ entry }: Cut, target: Buffer): Promise<void> {
    return this.#options.upload.copyTo(target, entry.offset);
  }

  /** Its bytes are copied, or cannot be: they are not asked for again. */
  taken({ entry }: Cut): void {
    this.#takenTo = entry.offset + entry.bytes;
    this.#forget(this.#takenTo);
    if (this.isOpen) this.#options.upload.taken(this.#takenTo);
  }

  /** It is in S3. */
  saved({ entry }: Cut): void {
    this.#savedAtMs = entry.atMs;
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
    this.#marks.length = 0;
    this.#takenTo = this.#addedTo;
    this.#onClosed();
  }
}
