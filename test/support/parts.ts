import { MemoryPages } from '../../functions/core/media/pages.ts';
import { toBuffer } from '../../functions/core/media/pieces.ts';
import type { Fragment, FragmentReader, PartMuxer } from '../../functions/core/media/types.ts';

/** A part as the recorder makes it, in memory. */
export class PartInMemory {
  readonly muxer: PartMuxer;
  readonly #media: Buffer[] = [];

  /** Begins with these fragments. */
  constructor(reader: FragmentReader, fragments: readonly [Fragment, ...Fragment[]]) {
    this.muxer = reader.startPart(fragments[0], new MemoryPages());
    for (const fragment of fragments) this.add(fragment);
  }

  add(fragment: Fragment): void {
    this.#media.push(Buffer.from(this.muxer.add(fragment)));
  }

  /** As it lies in S3 while it is recorded. */
  get begun(): Buffer {
    return Buffer.concat([this.muxer.head, ...this.#media]);
  }

  /** As its recorder leaves it. */
  finished(): Buffer {
    const { head } = this.muxer.finish();
    return head === undefined ? this.begun : Buffer.concat([toBuffer(head), ...this.#media]);
  }
}

/** @throws there is none */
export function atLeastOne<T>(found: readonly T[]): [T, ...T[]] {
  const [first, ...rest] = found;
  if (first === undefined) throw new Error('there is not one');
  return [first, ...rest];
}

/** A part begins with the first keyframe after so many ms. */
export function cutIntoParts(
  reader: FragmentReader,
  fragments: readonly Fragment[],
  everyMs: number,
): PartInMemory[] {
  const parts: PartInMemory[] = [];
  let startMs = Number.NEGATIVE_INFINITY;
  for (const fragment of fragments) {
    const part = parts.at(-1);
    if (part === undefined || (fragment.keyframe && fragment.startMs - startMs >= everyMs)) {
      parts.push(new PartInMemory(reader, [fragment]));
      startMs = fragment.startMs;
    } else part.add(fragment);
  }
  return parts;
}
