import type { Socket } from 'node:net';
import { TrackClocks } from '../../../functions/core/media/mp4/trackClocks.ts';
import { Continuity } from '../../../functions/core/media/mpegts/continuity.ts';
import { TICKS_PER_MS } from '../../../functions/core/media/mpegts/packets.ts';
import { shiftClock } from '../../../functions/core/media/mpegts/shiftedClock.ts';
import type { StreamSink } from '../demuxer.ts';
import type { OpenedSegment } from './openedSegment.ts';

/** Whoever reads has gone. */
export class SinkClosedError extends Error {
  override readonly name = 'SinkClosedError';
}

/** What a demuxer reads: one continuous stream. */
export class Sink implements StreamSink {
  readonly #reader: Socket;
  readonly #gone = new AbortController();
  /** Of a transport stream: its counters go on over segments. */
  readonly continuity = new Continuity();
  /** Of fragmented MP4: its tracks are on one clock. */
  readonly clocks = new TrackClocks();
  readonly #shiftTicks: number;

  /** @param shiftMs what is added to the times of a transport stream */
  constructor(reader: Socket, shiftMs = 0) {
    this.#reader = reader;
    this.#shiftTicks = shiftMs * TICKS_PER_MS;
    const onClose = (): void => this.#gone.abort(new SinkClosedError());
    reader.on('close', onClose);
    if (reader.destroyed) onClose();
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get isClosed(): boolean {
    return !this.#reader.writable;
  }

  /** A piece of a segment of a transport stream. @throws SinkClosedError */
  async writePackets(packets: Buffer): Promise<void> {
    if (this.#shiftTicks !== 0) shiftClock(packets, this.#shiftTicks);
    await this.write(packets);
  }

  /** Until the kernel has them. @throws SinkClosedError */
  async write(bytes: Buffer): Promise<void> {
    if (this.isClosed) throw new SinkClosedError();
    if (bytes.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#reader.write(bytes, (error) => (error ? reject(new SinkClosedError()) : resolve()));
    });
  }
}

/** Writes a segment to its end, its init section before it where the stream begins. @throws SinkClosedError; as its body */
export async function writeSegment(sink: Sink, segment: OpenedSegment, isFirst: boolean): Promise<void> {
  const { facts, init, front, body } = segment;
  try {
    if (init !== undefined) {
      sink.clocks.push(init);
      if (isFirst) await sink.write(init);
    }
    sink.clocks.beginSegment();
    await sink.writePackets(sink.continuity.beginSegment(front));
    for await (const chunk of body) {
      if (facts.kind === 'ts') await sink.writePackets(sink.continuity.push(chunk));
      else if (facts.kind === 'fmp4') await sink.write(sink.clocks.push(chunk));
      else await sink.write(chunk);
    }
    if (facts.kind === 'fmp4') await sink.write(sink.clocks.endSegment());
  } finally {
    await segment.close();
  }
}
