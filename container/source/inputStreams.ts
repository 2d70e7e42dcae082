import type { StreamCodec } from '../../functions/core/formats.ts';

/** AAC as MPEG-TS has it (stream type 15), with an ADTS header for each frame. */
const ADTS = /\(\[15\]\[0\]\[0\]\[0\] /;
const STREAM_LINE = /^\s*Stream #0:\d+.*?: (Video|Audio): ([a-z0-9_]+)(.*)$/;

/**
 * Reads the streams of input 0 out of ffmpeg's info lines; tells when the list is complete, which is before ffmpeg
 * writes anything. So the codecs are known without a probe of their own, which would cost a second connection.
 */
export class InputStreams {
  readonly #streams: StreamCodec[] = [];
  #isFinite: boolean = false;
  #state: 'before' | 'inside' | 'complete' = 'before';

  /** The source has a known duration: it is a file or a playlist with an end, not a live stream. */
  get isFinite(): boolean {
    return this.#isFinite;
  }

  /** As far as ffmpeg has listed them; undefined when it has not opened its input. */
  get listed(): readonly StreamCodec[] | undefined {
    return this.#state === 'before' ? undefined : this.#streams;
  }

  /** @returns the streams, at the line that completes the list */
  read(line: string): readonly StreamCodec[] | undefined {
    if (this.#state === 'complete') return undefined;
    if (line.startsWith('Input #0')) {
      this.#state = 'inside';
      return undefined;
    }
    if (this.#state === 'before') return undefined;
    if (/^(Stream mapping:|Output #0)/.test(line)) {
      this.#state = 'complete';
      return this.#streams;
    }
    const duration = /^\s*Duration: (\d+):(\d+):(\d+\.\d+)/.exec(line);
    if (duration !== null) this.#isFinite = duration.slice(1).some((piece) => Number(piece) > 0);
    const [, kind, codec, rest = ''] = STREAM_LINE.exec(line) ?? [];
    if (codec === undefined) return undefined;
    const rate = /(\d+) Hz/.exec(rest)?.[1];
    this.#streams.push({
      kind: kind === 'Video' ? 'video' : 'audio',
      codec,
      ...(rate === undefined ? {} : { sampleRateHz: Number(rate) }),
      ...(ADTS.test(rest) ? { isAdts: true } : {}),
    });
    return undefined;
  }
}
