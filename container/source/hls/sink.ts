import type { ServerResponse } from 'node:http';
import { Continuity } from '../../../functions/core/media/mpegts/continuity.ts';
import type { OpenedSegment } from './openedSegment.ts';

/** Whoever reads has gone. */
export class SinkClosedError extends Error {
  override readonly name = 'SinkClosedError';
}

/** What a demuxer reads: one continuous stream. */
export class Sink {
  readonly #response: ServerResponse;
  readonly #gone = new AbortController();
  /** Of a transport stream: its counters go on over segments. */
  readonly continuity = new Continuity();

  constructor(response: ServerResponse) {
    this.#response = response;
    const onClose = (): void => this.#gone.abort(new SinkClosedError());
    response.on('close', onClose);
    if (response.destroyed) onClose();
  }

  /** Aborts when the reader goes, or has read all. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get isClosed(): boolean {
    return this.#response.destroyed;
  }

  /** Waits for as long as the reader does. @throws SinkClosedError */
  async write(bytes: Buffer): Promise<void> {
    if (this.isClosed) throw new SinkClosedError();
    if (bytes.length === 0 || this.#response.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void) => (): void => {
        this.#response.off('drain', onDrain);
        this.#response.off('close', onClose);
        settle();
      };
      const onDrain = done(resolve);
      const onClose = done(() => reject(new SinkClosedError()));
      this.#response.on('drain', onDrain);
      this.#response.on('close', onClose);
    });
  }
}

/** Writes a segment to its end, its init section before it where the stream begins. @throws SinkClosedError; as its body */
export async function writeSegment(sink: Sink, segment: OpenedSegment, isFirst: boolean): Promise<void> {
  const { facts, init, body } = segment;
  try {
    if (isFirst && init !== undefined) await sink.write(init);
    sink.continuity.beginSegment();
    for await (const chunk of body) {
      await sink.write(facts.kind === 'ts' ? sink.continuity.push(chunk) : chunk);
    }
  } finally {
    await segment.close();
  }
}
