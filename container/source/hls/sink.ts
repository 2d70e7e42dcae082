import type { Socket } from 'node:net';
import { Continuity } from '../../../functions/core/media/mpegts/continuity.ts';
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

  constructor(reader: Socket) {
    this.#reader = reader;
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
    if (isFirst && init !== undefined) await sink.write(init);
    await sink.write(sink.continuity.beginSegment(front));
    for await (const chunk of body) {
      await sink.write(facts.kind === 'ts' ? sink.continuity.push(chunk) : chunk);
    }
  } finally {
    await segment.close();
  }
}
