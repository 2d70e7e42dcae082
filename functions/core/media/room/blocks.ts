import type { IndexedFragment } from '../fragmentIndex/types.ts';

/** Bytes of a record that stay together in a new file. */
export interface Block {
  readonly fromByte: number;
  readonly endByte: number;
  /** When the first of it is shown, in the part's media time. */
  readonly startMs: number;
}

const MIB = 1024 * 1024;
/** S3 copies no less, but for the last S3 part. */
const BLOCK_MIN_BYTES = 5 * MIB;
/** A rest that is smaller goes with the block before it. */
const REST_MIN_BYTES = 3 * MIB;

/**
 * Cuts what is taken of a record into blocks of some 5 to 8 MiB, between two fragments: so that participants can take turns
 * in one file, and S3 copies each block as it is.
 * @param fragments of the record, in their order
 * @param blockBytes at least so many in each, but for the last
 */
export function blocksOf(
  fragments: Iterable<Pick<IndexedFragment, 'offset' | 'startMs'>>,
  { fromByte, endByte }: { readonly fromByte: number; readonly endByte: number },
  blockBytes = BLOCK_MIN_BYTES,
): readonly Block[] {
  const blocks: Block[] = [];
  let block: Block | undefined;
  for (const { offset, startMs } of fragments) {
    if (offset >= endByte) break;
    if (block === undefined || offset <= fromByte) block = { fromByte, endByte, startMs };
    else if (offset - block.fromByte >= blockBytes) {
      blocks.push({ ...block, endByte: offset });
      block = { fromByte: offset, endByte, startMs };
    }
  }
  if (block === undefined) return blocks;
  const before = blocks.at(-1);
  if (before === undefined || block.endByte - block.fromByte >= REST_MIN_BYTES) return [...blocks, block];
  return [...blocks.slice(0, -1), { ...before, endByte: block.endByte }];
}

/** Larger where a file would have more S3 parts than S3 takes. @param totalBytes of the new file */
export function blockBytesFor(totalBytes: number): number {
  return Math.max(BLOCK_MIN_BYTES, Math.ceil(totalBytes / BLOCKS_MAX));
}

/** S3 takes 10,000 S3 parts; some are made of what is between the blocks. */
const BLOCKS_MAX = 4_000;
