import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { Logger } from '@aws-lambda-powertools/logger';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { BodyInPieces } from '../../functions/aws/slices.ts';
import type { JournalEntry } from '../../functions/core/journal/entry.ts';
import { type EarlierEntry, encodeIndex, REPEATED_EVERY } from '../../functions/core/journal/format.ts';
import { journalKey } from '../../functions/core/state/keys.ts';
import { combineCrc32, crc32ToBase64 } from '../../functions/core/upload/crc32.ts';
import { untilNextMs } from '../attempt/ticks.ts';
import { JournalObjects } from './journalObjects.ts';
import { type Cut, JournalTrack, type JournalTrackOptions } from './journalTrack.ts';
import type { HeldBytes } from './partMemory.ts';
import type { WriteAheadLog } from './writeAheadLog.ts';

export interface JournalOptions {
  /** One that sends bodies in pieces (functions/aws/slices.ts). */
  readonly s3: S3Client;
  readonly bucket: string;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly putTimeoutMs?: number;
  /** What it does not have yet is there; undefined where nobody is left to read it. */
  readonly writeAhead?: WriteAheadLog | undefined;
}

/** As much as waits is written before its time: ten recordings of 4 Mbit/s come to less in `maxLossMs`. */
const OBJECT_BYTES = 12 * 1024 * 1024;
/** S3 answers sooner, or another connection does. */
const PUT_TIMEOUT_MS = 10_000;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

/** An object that is to be written: the same bytes under the same key, as often as it takes. */
interface Sealed {
  readonly key: string;
  readonly cuts: readonly Cut[];
  readonly body: BodyInPieces;
  /** CRC-32 in base64. */
  readonly crc32: string;
  /** Its memory is another's again. */
  readonly release: () => void;
}

/** What goes into an object. */
interface HeldCut extends HeldBytes {
  readonly cut: Cut;
}

/**
 * The journal of a worker: every byte that its recordings write, once, in objects of their own (functions/core/journal).
 * One is written at least every `maxLossMs`, the smallest of its recordings', with what came since; what a killed worker
 * had written into it, and not into S3 parts, is rescued out of it. Objects are written one after the other; while S3 does
 * not take one, what comes waits where the S3 parts wait, in memory or on disk, and is read from there afterwards.
 * Nothing that happens to the journal ends a recording.
 */
export class Journal {
  /** For the claims of the attempts that write it. */
  readonly id: string;
  readonly #options: JournalOptions;
  readonly #tracks = new Set<JournalTrack>();
  readonly #objects: JournalObjects;
  readonly #closing = new AbortController();
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What waits is to be written now. */
  #isDue: boolean = false;
  #writing: Promise<void> | undefined;
  /** What players get of the objects since the last one that repeats it. */
  #earlier: EarlierEntry[] = [];

  constructor(id: string, options: JournalOptions) {
    this.id = id;
    this.#options = options;
    this.#objects = new JournalObjects(options);
  }

  /** A file whose bytes it takes, until that is complete or left. */
  track(options: JournalTrackOptions): JournalTrack {
    const track: JournalTrack = new JournalTrack(
      options,
      (isFirst, fragment) => {
        this.#options.writeAhead?.add(fragment);
        this.#added(isFirst);
      },
      () => this.#closed(track),
    );
    this.#tracks.add(track);
    this.#arm();
    return track;
  }

  /** Writes what waits now. Settles when it has been tried. */
  async flush(): Promise<void> {
    this.#write();
    await this.#writing;
  }

  /** Nobody records any more. Removes what nobody needs. */
  async close(): Promise<void> {
    for (const track of this.#tracks) track.leave();
    this.#closing.abort();
    await this.#writing;
    await this.#options.writeAhead?.close();
    await this.#objects.removeUseless();
  }

  /** @param isFirst what a recording begins with is safe at once */
  #added(isFirst: boolean): void {
    const waiting = [...this.#tracks].reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
    if (isFirst || waiting >= OBJECT_BYTES) this.#write();
  }

  #closed(track: JournalTrack): void {
    this.#arm();
    void track.drained.then(() => {
      this.#tracks.delete(track);
      if (this.#tracks.size === 0) this.#write();
    });
  }

  /** At multiples of the smallest bound: what has one rhythm wakes up together. */
  #arm(): void {
    clearTimeout(this.#timer);
    const open = [...this.#tracks].filter(({ isOpen }) => isOpen);
    // What a file that is complete still has goes with what others write.
    if (open.length === 0) return;
    const everyMs = Math.min(...open.map(({ maxLossMs }) => maxLossMs));
    this.#timer = setTimeout(() => {
      this.#arm();
      this.#write();
    }, untilNextMs(everyMs));
  }

  #write(): void {
    this.#isDue = true;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      // What came between its last look and now.
      if (this.#isDue && !this.#closing.signal.aborted) this.#write();
    });
  }

  /** Must not throw: what comes next waits for it. */
  async #writeAll(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      try {
        const sealed = await this.#seal();
        if (sealed !== undefined) await this.#put(sealed).finally(sealed.release);
        if (this.#tracks.size === 0) this.#options.writeAhead?.rest();
        if (this.#tracks.size === 0 || this.#objects.isDue) await this.#objects.removeUseless();
        this.#added(false);
      } catch (error) {
        this.#options.log.error('the journal was not written', error as Error);
      }
    }
  }

  /** What waits, the least of a recording first: a large one that is behind does not hold up the others. */
  async #seal(): Promise<Sealed | undefined> {
    let bytes = 0;
    const cuts: Cut[] = [];
    for (const files of waitingFiles(this.#tracks)) {
      let isFirst: boolean = true;
      for (const track of files) {
        for (let cut = track.cut(OBJECT_BYTES - bytes, isFirst); cut !== undefined; ) {
          isFirst = false;
          bytes += cut.entry.bytes;
          cuts.push(cut);
          cut = track.cut(OBJECT_BYTES - bytes, false);
        }
        // Its next file comes after it: so a player gets them in order.
        if (track.pendingBytes > 0) break;
      }
    }
    if (cuts.length === 0) return undefined;
    this.#options.writeAhead?.rotate();
    const held = await this.#held(cuts);
    return held.length === 0 ? undefined : this.#sealed(held);
  }

  /** Those whose bytes could be read. */
  async #held(cuts: readonly Cut[]): Promise<HeldCut[]> {
    // What is in memory is used again from the next moment on.
    const asked = cuts.map((cut) => ({ cut, held: this.#hold(cut) }));
    const found: HeldCut[] = [];
    for (const { cut, held } of asked) {
      const bytes = await held;
      cut.track.taken(cut);
      if (bytes !== undefined) found.push({ cut, ...bytes });
    }
    return found;
  }

  async #hold(cut: Cut): Promise<HeldBytes | undefined> {
    try {
      return await cut.track.hold(cut);
    } catch (error) {
      const { recordingId, offset, bytes } = cut.entry;
      const where = { recordingId, offset, bytes, error: error as Error };
      this.#options.log.warn('bytes that wait on disk could not be read into the journal', where);
      return undefined;
    }
  }

  #sealed(held: readonly HeldCut[]): Sealed {
    let [bytes, crc] = [0, 0];
    this.#sequence += 1;
    const entries = held.map(({ cut }, place): JournalEntry => {
      const { entry, track } = cut;
      const numbered = { ...entry, ...track.numbered(cut) };
      if (numbered.live !== undefined)
        this.#earlier.push({ ...numbered, object: this.#sequence, place, at: bytes });
      bytes += entry.bytes;
      crc = combineCrc32(crc, entry.crc32, entry.bytes);
      return numbered;
    });
    const index = encodeIndex(entries, this.#repeated());
    return {
      key: journalKey(this.id, this.#sequence),
      cuts: held.map(({ cut }) => cut),
      body: new BodyInPieces([...held.flatMap(({ pieces }) => pieces), index]),
      crc32: crc32ToBase64(combineCrc32(crc, crc32(index), index.length)),
      release: () => {
        for (const one of held) one.release();
      },
    };
  }

  /** In one object of many. */
  #repeated(): readonly EarlierEntry[] | undefined {
    if (this.#sequence % REPEATED_EVERY !== 0) return undefined;
    const repeated = this.#earlier.filter(({ object }) => object < this.#sequence);
    this.#earlier = [];
    return repeated;
  }

  /** Until S3 has it, or nobody needs it any more. */
  async #put(sealed: Sealed): Promise<void> {
    const { signal } = this.#closing;
    for (let tries = 1; ; tries++) {
      try {
        await this.#putOnce(sealed);
        for (const cut of sealed.cuts) cut.track.saved(cut);
        this.#options.writeAhead?.removeSaved();
        break;
      } catch (error) {
        if (signal.aborted || !sealed.cuts.some(({ track }) => track.isOpen)) break;
        if (crc32ToBase64(crc32Of(sealed.body)) !== sealed.crc32) {
          // S3 would refuse it for ever, and what others record with it.
          this.#options.log.error('the journal is not what was recorded: it is left out', { tries });
          break;
        }
        this.#options.log.warn('S3 did not take the journal; trying again', { tries, error: error as Error });
        const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (tries - 1)) * Math.random();
        await delay(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
    // One whose answer never came may be there as well.
    this.#objects.add(sealed.key, sealed.cuts);
  }

  async #putOnce({ key, body, crc32: ChecksumCRC32 }: Sealed): Promise<void> {
    const { s3, bucket, putTimeoutMs = PUT_TIMEOUT_MS } = this.#options;
    const Body = body as unknown as Readable;
    const place = { Bucket: bucket, Key: key, ContentLength: body.byteLength };
    await s3.send(new PutObjectCommand({ ...place, Body, ChecksumCRC32 }), {
      abortSignal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(putTimeoutMs)]),
    });
  }
}

const crc32Of = ({ pieces }: BodyInPieces): number =>
  pieces.reduce((before, piece) => crc32(piece, before), 0);

/** Of each recording its files in order; the recording that has least waiting comes first. */
function waitingFiles(tracks: Iterable<JournalTrack>): readonly (readonly JournalTrack[])[] {
  const byAttempt = Map.groupBy(tracks, ({ file }) => `${file.recordingId} ${file.attempt}`);
  const bytesOf = (files: readonly JournalTrack[]): number =>
    files.reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
  return [...byAttempt.values()]
    .map((files) => files.toSorted((one, other) => one.file.file - other.file.file))
    .sort((one, other) => bytesOf(one) - bytesOf(other));
}
