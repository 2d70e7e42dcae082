import { readFragmentIndex } from '../../functions/core/media/fragmentIndex/reader.ts';
import type { FragmentIndex } from '../../functions/core/media/fragmentIndex/types.ts';
import { MemoryPages, type PageStore } from '../../functions/core/media/pages.ts';
import { toBuffer } from '../../functions/core/media/pieces.ts';
import type { Fragment, PartMuxer } from '../../functions/core/media/types.ts';

/** Where fragments come from. */
interface FragmentSource {
  startPart(first: Fragment, pages: PageStore): PartMuxer;
}

/** A part as the recorder makes it, in memory. */
export class PartInMemory {
  readonly muxer: PartMuxer;
  readonly #media: Buffer[] = [];

  /** Begins with these fragments. */
  constructor(source: FragmentSource, fragments: readonly [Fragment, ...Fragment[]]) {
    this.muxer = source.startPart(fragments[0], new MemoryPages());
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

/** Of the part as its recorder leaves it. @throws it has none */
export function indexOf({ muxer }: PartInMemory): FragmentIndex {
  const { index } = muxer.finish();
  if (index === undefined) throw new Error('a part of this format has no index');
  return readFragmentIndex(toBuffer(index));
}

/**
 * All fragments of these bytes, which come in chunks of these sizes, in turn. What the reader gave is spoilt as soon as it
 * is copied: it must not need it any more.
 */
export function readFragments<F extends Fragment>(
  reader: { push(chunk: Buffer): F[] },
  bytes: Buffer,
  sizes: readonly number[],
): F[] {
  const fragments: F[] = [];
  const keep = (given: readonly F[]): void => {
    fragments.push(...given.map((one) => ({ ...one, bytes: Buffer.from(one.bytes) })));
    for (const one of given) spoil(one.bytes);
  };
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    keep(reader.push(Buffer.from(bytes.subarray(at, at + size))));
    at += size;
  }
  return fragments;
}

/** The bytes, and what was read before them from the same memory. */
function spoil(bytes: Buffer): void {
  bytes.fill(0xaa);
  // Node's pool is shared with others.
  if (bytes.buffer.byteLength > Buffer.poolSize) Buffer.from(bytes.buffer, 0, bytes.byteOffset).fill(0xaa);
}

/** @throws there is none */
export function atLeastOne<T>(found: readonly T[]): [T, ...T[]] {
  const [first, ...rest] = found;
  if (first === undefined) throw new Error('there is not one');
  return [first, ...rest];
}

/** A part begins with the first keyframe after so many ms. */
export function cutIntoParts(
  source: FragmentSource,
  fragments: readonly Fragment[],
  everyMs: number,
): PartInMemory[] {
  const parts: PartInMemory[] = [];
  let startMs = Number.NEGATIVE_INFINITY;
  for (const fragment of fragments) {
    const part = parts.at(-1);
    if (part === undefined || (fragment.keyframe && fragment.startMs - startMs >= everyMs)) {
      parts.push(new PartInMemory(source, [fragment]));
      startMs = fragment.startMs;
    } else part.add(fragment);
  }
  return parts;
}
