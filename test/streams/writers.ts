import { adtsOf, byteStreamOf } from '../../functions/core/media/mpegts/elementary.ts';
import { PacketWriter } from '../../functions/core/media/mpegts/packetWriter.ts';
import { associationTable, mapTable } from '../../functions/core/media/mpegts/tableWriter.ts';
import type { TrackDescription } from '../../functions/core/media/tracks/sample.ts';
import { FLV_HEADER, writeFlv } from '../support/flvTags.ts';
import { AUDIO, type SentTag, VIDEO } from './media.ts';

/** Writes what one listener gets. */
export interface StreamWriter {
  /** @param headers configurations that the listener has missed */
  begin(headers: readonly SentTag[], first: SentTag | undefined): Buffer;
  write(tag: SentTag): Buffer;
}

export const writerOf = (format: 'flv' | 'ts'): StreamWriter =>
  format === 'flv' ? new FlvWriter() : new TsWriter();

const COUNTER_MS = 2 ** 32;

class FlvWriter implements StreamWriter {
  begin(headers: readonly SentTag[], first: SentTag | undefined): Buffer {
    const tags = headers.map((tag) => this.write({ ...tag, atMs: first?.atMs ?? 0 }));
    return Buffer.concat([FLV_HEADER, ...tags]);
  }

  write(tag: SentTag): Buffer {
    return writeFlv([{ ...tag, atMs: ((tag.atMs % COUNTER_MS) + COUNTER_MS) % COUNTER_MS }]);
  }
}

const MAP_PID = 0x1000;
const PIDS: Readonly<Record<number, number>> = { [VIDEO]: 0x100, [AUDIO]: 0x101 };
const CODECS = { video: 'h264', audio: 'aac' } as const;
const kindOf = (kind: number): 'video' | 'audio' => (kind === VIDEO ? 'video' : 'audio');
const TICKS_PER_MS = 90;
const FIRST_MS = 1_400;
const VIDEO_HEAD_BYTES = 5;
const AUDIO_HEAD_BYTES = 2;

/** A tag's own bytes: pictures with lengths in front of their NAL units, sound without a header; configurations likewise. */
export const codedData = ({ kind, body }: SentTag): Buffer =>
  body.subarray(kind === VIDEO ? VIDEO_HEAD_BYTES : AUDIO_HEAD_BYTES);

/** Announces its streams in front of each keyframe, and of each half second of sound. */
export class TsWriter implements StreamWriter {
  readonly #packets = new PacketWriter();
  readonly #kinds: readonly number[];
  readonly #configurations = new Map<number, Buffer>();
  #sinceTables = Number.POSITIVE_INFINITY;

  /** @param kinds of what it is to write */
  constructor(kinds: readonly number[] = [VIDEO, AUDIO]) {
    this.#kinds = kinds;
  }

  begin(headers: readonly SentTag[]): Buffer {
    return this.segment(headers);
  }

  /** What begins with the tables. */
  segment(tags: readonly SentTag[]): Buffer {
    this.#sinceTables = Number.POSITIVE_INFINITY;
    return Buffer.concat(tags.map((tag) => this.write(tag)));
  }

  write(tag: SentTag): Buffer {
    const { kind, atMs, isHeader, isKeyframe } = tag;
    const data = codedData(tag);
    if (isHeader) {
      this.#configurations.set(kind, data);
      return Buffer.alloc(0);
    }
    this.#sinceTables += 1;
    if (isKeyframe || this.#sinceTables > 20) this.#writeTables();
    const ticks = Math.round((atMs + FIRST_MS) * TICKS_PER_MS);
    const configuration = this.#configurations.get(kind) ?? Buffer.alloc(0);
    const description = { info: { codec: CODECS[kindOf(kind)] }, configuration } as TrackDescription;
    this.#packets.pes({
      pid: PIDS[kind] ?? 0,
      streamId: kind === VIDEO ? 0xe0 : 0xc0,
      ptsTicks: ticks,
      dtsTicks: ticks,
      data: kind === VIDEO ? byteStreamOf(description, data, isKeyframe) : adtsOf(description, data),
      randomAccess: isKeyframe || kind === AUDIO,
      hasClock: kind === this.#kinds[0],
    });
    return this.#packets.take();
  }

  #writeTables(): void {
    this.#sinceTables = 0;
    this.#packets.table(0, associationTable(MAP_PID));
    const streams = this.#kinds.map((number) => {
      const kind = kindOf(number);
      return { pid: PIDS[number] ?? 0, info: { kind, codec: CODECS[kind] } };
    });
    this.#packets.table(MAP_PID, mapTable(streams, streams[0]?.pid ?? 0));
  }
}
