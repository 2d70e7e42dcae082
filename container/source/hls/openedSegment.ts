import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type InitSection,
  type MediaSegment,
  PlaylistError,
  type SegmentKey,
} from '../../../functions/core/hls/playlist.ts';
import type { SegmentFacts } from '../../../functions/core/hls/seam.ts';
import {
  HIDDEN_MAX_BYTES,
  readSegmentStart,
  type SegmentStart,
} from '../../../functions/core/hls/segmentKind.ts';
import { readMp4Opening } from '../../../functions/core/media/mp4/opening.ts';
import { LongPackets } from '../../../functions/core/media/mpegts/longPackets.ts';
import { readTsOpening } from '../../../functions/core/media/mpegts/opening.ts';
import { TrueTypes } from '../../../functions/core/media/mpegts/trueTypes.ts';
import { MediaError } from '../../../functions/core/media/types.ts';
import { AWAKE_TIME } from '../../attempt/awakeTime.ts';
import { mended } from './mendedPackets.ts';
import { lateMs, readSegment, type SegmentAddress, type SegmentOptions } from './segmentBytes.ts';
import { inWholeBoxes } from './wholeBoxes.ts';

/** What came is no segment: a server's page, or a file that is not written yet. The message follows "The source". */
export class NoSegmentError extends PlaylistError {
  override readonly name = 'NoSegmentError';
}

/** A segment whose first bytes have come. */
export interface OpenedSegment {
  readonly facts: Omit<SegmentFacts, 'isDiscontinuity' | 'missedMs' | 'foundAtMs' | 'seenAtMs'>;
  /** To be written before its bytes where a demuxer begins with it. */
  readonly init: Buffer | undefined;
  /** What it has before its first packet, where it is of a transport stream: the end of one that the segment before begins. */
  readonly front: Buffer;
  /** Its media, from the first byte on. To be read to the end, or closed. */
  readonly body: AsyncGenerator<Buffer, void, undefined>;
  /** A hash of its first bytes, by which it is known again; undefined while too few have been read. */
  readonly fingerprint: () => string | undefined;
  readonly close: () => Promise<void>;
}

/** As much as is waited for until a segment has shown what it is. */
const HEAD_MAX_BYTES = 256 * 1024;
/** Unlike ones of a stream differ in their times, within the first packets; what a picture shows comes later. */
const FINGERPRINT_BYTES = 64 * 1024;
const LOOK_AGAIN_BYTES = 1024;
/** Until what is no segment yet is asked for again. */
const ASK_AGAIN_MS = 250;
const INIT_MAX_BYTES = 4 * 1024 * 1024;

/** Opens segments, with the init sections that they need. */
export class SegmentOpener {
  readonly #options: SegmentOptions;
  /** The latest one: it is the same for most segments. */
  #init: { readonly name: string; readonly bytes: Buffer } | undefined;

  constructor(options: SegmentOptions) {
    this.#options = options;
  }

  /**
   * @param base what the segment's URIs are relative to
   * @param mayBeLate what is no segment may become one: it is asked for again, for a while
   * @throws HttpFault, PlaylistError: it cannot be had, or is nothing that can be used; UnsupportedStreamError;
   *   ForbiddenSourceError
   */
  async open(
    segment: MediaSegment,
    base: string,
    signal: AbortSignal,
    mayBeLate = false,
  ): Promise<OpenedSegment> {
    const untilMs = AWAKE_TIME.ms + (mayBeLate ? lateMs(segment) : 0);
    for (;;) {
      try {
        return await this.#open(segment, base, signal);
      } catch (error) {
        if (!(error instanceof NoSegmentError) || AWAKE_TIME.ms >= untilMs) throw error;
        await delay(ASK_AGAIN_MS, undefined, { signal });
      }
    }
  }

  async #open(segment: MediaSegment, base: string, signal: AbortSignal): Promise<OpenedSegment> {
    const declared =
      segment.init === undefined ? undefined : await this.#initOf(segment.init, segment, base, signal);
    const sent = readSegment(addressOf(segment, segment, base), this.#options, signal);
    const bytes = inWholeBoxes(inShortPackets(sent));
    try {
      return await opened(segment, declared, bytes);
    } catch (error) {
      await bytes.return();
      throw error instanceof MediaError ? damaged(error) : error;
    }
  }

  /** Of a segment as it is served now: `OpenedSegment.fingerprint`. @throws as `open` */
  async fingerprint(segment: MediaSegment, base: string, signal: AbortSignal): Promise<string | undefined> {
    const { body, fingerprint, close } = await this.open(segment, base, signal);
    try {
      for await (const _ of body) if (fingerprint() !== undefined) break;
      return fingerprint();
    } finally {
      await close();
    }
  }

  async #initOf(
    init: InitSection,
    segment: MediaSegment,
    base: string,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const name = JSON.stringify([base, init]);
    if (this.#init?.name === name) return this.#init.bytes;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of readSegment(addressOf(init, segment, base), this.#options, signal)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > INIT_MAX_BYTES) throw new PlaylistError('has an init section that is far too long');
    }
    this.#init = { name, bytes: Buffer.concat(chunks) };
    return this.#init.bytes;
  }
}

function addressOf(
  { uri, range, key }: Pick<MediaSegment, 'uri' | 'range' | 'key'>,
  { sequence, durationMs }: MediaSegment,
  base: string,
): SegmentAddress {
  return { url: resolve(uri, base), range, sequence, durationMs, key: key && withUrl(key, base) };
}

function withUrl(key: SegmentKey, base: string): SegmentKey & { readonly url: string } {
  return { ...key, url: resolve(key.uri, base) };
}

/** What cannot be resolved stays as it is: it is refused where it is asked for. */
function resolve(uri: string, base: string): string {
  return URL.parse(uri, base)?.href ?? uri;
}

async function opened(
  segment: MediaSegment,
  declared: Buffer | undefined,
  bytes: AsyncGenerator<Buffer, void, undefined>,
): Promise<OpenedSegment> {
  let start: SegmentStart | undefined;
  let opening: Opening | undefined;
  let types = new TrueTypes();
  const { head, isAll } = await readHead(bytes, (sofar) => {
    start = readSegmentStart(sofar);
    if (start === undefined) return sofar.length >= HIDDEN_MAX_BYTES;
    opening = openingOf(start, sofar.subarray(start.at), declared);
    types = new TrueTypes();
    const isTold = start.kind !== 'ts' || types.look(sofar.subarray(start.at));
    return (opening.isWhole && isTold) || sofar.length >= HEAD_MAX_BYTES;
  });
  if (start === undefined || opening === undefined) throw unknown(isAll && head.length === 0);
  const { durationMs, dateMs } = segment;
  const whole = types.hasWrong ? mended(head.subarray(start.at), bytes, types) : undefined;
  const { media, rest } = whole ?? { media: head.subarray(start.at), rest: bytes };
  if (whole !== undefined) opening = openingOf(start, media, declared);
  return {
    facts: { ...opening.facts, kind: start.kind, durationMs, dateMs },
    init: declared,
    front: start.kind === 'ts' ? head.subarray(0, start.at) : Buffer.alloc(0),
    ...fingerprinted(media, rest),
    // `rest` may not have begun: what has not hands on no end.
    close: () => closed(bytes),
  };
}

async function* inShortPackets(
  sent: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  const packets = new LongPackets();
  for await (const chunk of sent) {
    const known = packets.push(chunk);
    if (known.length > 0) yield known;
  }
  const last = packets.end();
  if (last.length > 0) yield last;
}

interface Opening {
  readonly facts: Pick<SegmentFacts, 'setup' | 'startMs' | 'startsMs' | 'begun' | 'come'>;
  readonly isWhole: boolean;
}

function openingOf({ kind, tagMs }: SegmentStart, media: Buffer, declared: Buffer | undefined): Opening {
  if (kind === 'ts') {
    const { program, startMs, begun, come, isWhole } = readTsOpening(media);
    return { facts: { setup: program, startMs, begun, come }, isWhole };
  }
  if (kind !== 'fmp4') return { facts: { setup: kind, startMs: tagMs }, isWhole: true };
  const { init = declared, startsMs, begun, isWhole } = readMp4Opening(media, declared);
  const setup = init === undefined ? undefined : createHash('sha256').update(init).digest('hex');
  const [startMs] = startsMs ?? [];
  return { facts: { setup, startMs, startsMs, begun }, isWhole };
}

interface Head {
  readonly head: Buffer;
  readonly isAll: boolean;
}

/** Reads until there is enough, or no more. */
async function readHead(
  bytes: AsyncGenerator<Buffer, void, undefined>,
  isEnough: (sofar: Buffer) => boolean,
): Promise<Head> {
  let head = Buffer.alloc(0);
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { value, done } = await bytes.next();
    if (done !== true) {
      pieces.push(value);
      length += value.length;
      // A server may send it byte by byte.
      if (length < head.length + LOOK_AGAIN_BYTES) continue;
    }
    head = Buffer.concat([head, ...pieces.splice(0)]);
    length = head.length;
    const enough = isEnough(head);
    if (done === true || enough) return { head, isAll: done === true };
  }
}

function fingerprinted(
  head: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
): Pick<OpenedSegment, 'body' | 'fingerprint'> {
  const hash = createHash('sha256');
  let left = FINGERPRINT_BYTES;
  let print: string | undefined;
  const add = (chunk: Buffer): Buffer => {
    if (print === undefined) hash.update(chunk.subarray(0, left));
    left = Math.max(0, left - chunk.length);
    if (left === 0) print ??= hash.digest('hex');
    return chunk;
  };
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    yield add(head);
    for await (const chunk of rest) yield add(chunk);
    print ??= hash.digest('hex');
  }
  return { body: body(), fingerprint: () => print };
}

async function closed(bytes: AsyncGenerator<Buffer, void, undefined>): Promise<void> {
  await bytes.return();
}

function unknown(isEmpty: boolean): NoSegmentError {
  return new NoSegmentError(
    isEmpty
      ? 'has an empty segment'
      : 'has segments that are neither MPEG-TS, fragmented MP4 nor packed audio',
  );
}

function damaged(cause: MediaError): PlaylistError {
  return new PlaylistError('has a segment that is damaged at its beginning', { cause });
}
