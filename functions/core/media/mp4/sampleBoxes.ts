import { mapped, type Pieces } from '../pieces.ts';
import { fullBoxOf, U32_MAX, u32 } from './boxes.ts';
import type { Runs, SampleTable } from './sampleTable.ts';

/**
 * What stbl holds of a part's samples.
 * @param headBytes of the file before its media
 * @param mediaBytes after the head, to the end of the file
 */
export function sampleTableBoxes(table: SampleTable, headBytes: number, mediaBytes: number): Pieces[] {
  const { durations, syncSamples, samplesPerChunk, sizes } = table;
  return [
    fullBoxOf('stts', 0, 0, u32(durations.length), durations.pairs()),
    // None at all is AAC that ffmpeg did not mark (RTSP, 7.1): a list without entries would forbid to seek.
    ...(syncSamples.bytes === 0 ? [] : [fullBoxOf('stss', 0, 0, u32(syncSamples.bytes / 4), syncSamples)]),
    ...compositionOffsets(table.compositionOffsets),
    fullBoxOf('stsc', 0, 0, u32(samplesPerChunk.bytes / 12), samplesPerChunk),
    fullBoxOf('stsz', 0, 0, u32(0, table.samples), sizes),
    chunkOffsets(table, headBytes, mediaBytes),
  ];
}

function compositionOffsets(runs: Runs): Pieces[] {
  return runs.isZero ? [] : [fullBoxOf('ctts', runs.hasNegative ? 1 : 0, 0, u32(runs.length), runs.pairs())];
}

/** No index of a day comes near it. */
const HEAD_MAX_BYTES = 512 * 1024 * 1024;

function chunkOffsets(
  { chunkOffsets: table, chunks }: SampleTable,
  headBytes: number,
  mediaBytes: number,
): Pieces {
  // Decided by an upper bound that both passes see alike, or the head's length could change between them.
  const isWide = mediaBytes > U32_MAX - HEAD_MAX_BYTES;
  const entryBytes = isWide ? 8 : 4;
  const moved = mapped(table, entryBytes * chunks, (page) => {
    const entries = Buffer.alloc((page.length / 8) * entryBytes);
    for (let at = 0; at < page.length; at += 8) {
      const offset = Number(page.readBigUInt64BE(at)) + headBytes;
      if (isWide) entries.writeBigUInt64BE(BigInt(offset), at);
      else entries.writeUInt32BE(offset, at / 2);
    }
    return entries;
  });
  return fullBoxOf(isWide ? 'co64' : 'stco', 0, 0, u32(chunks), moved);
}
