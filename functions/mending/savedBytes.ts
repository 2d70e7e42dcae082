import { continuation, type SavedRange } from '../core/journal/continuation.ts';
import type { SavedFacts } from '../core/journal/entry.ts';
import type { UploadedPart } from '../core/state/partObjects.ts';
import { s3PartBytes } from '../core/upload/partSizes.ts';
import { salvageOf } from '../core/upload/salvage.ts';
import { bytesOf, type CheckedBytes, checked, describePieces } from '../core/upload/uploadedParts.ts';

/** Bytes of a file that were saved outside of its S3 parts. */
export interface SavedPiece extends SavedRange {
  /** Of the file up to their end, where it is known before they are read. */
  readonly facts?: SavedFacts;
  /** @returns undefined where they are gone, or damaged */
  readonly read: () => Promise<ReadPiece | undefined>;
}

export interface ReadPiece extends CheckedBytes {
  readonly facts: SavedFacts | undefined;
}

/** What was saved of a file, and what it takes to put it into its upload. */
export interface Saved {
  /** The S3 parts of the file. */
  readonly uploaded: readonly UploadedPart[];
  /** Those of them that are not in S3, by their numbers: their bytes where they were read to, one behind the other. */
  readonly missing: ReadonlyMap<number, readonly Buffer[]>;
  readonly facts: SavedFacts | undefined;
}

const READS_AT_ONCE = 8;

/**
 * Completes the S3 parts of a file out of the bytes that were saved beside them. They are cut where the recorder cuts: an
 * S3 part of a number holds the same bytes whoever uploads it, so a recorder that lives and a rescuer do not put any twice.
 * @param partBytes of the recording's settings
 * @param pieces in any order
 */
export async function savedParts(
  listed: readonly UploadedPart[],
  partBytes: number,
  pieces: readonly SavedPiece[],
): Promise<Saved> {
  const uploaded = [...salvageOf(listed, partBytes).prefix];
  const missing = new Map<number, readonly Buffer[]>();
  let facts: SavedFacts | undefined;
  for (let isFull: boolean = true; isFull; ) {
    const partNumber = uploaded.length + 1;
    const fullBytes = s3PartBytes(partNumber, partBytes);
    let part = listed.find((one) => one.partNumber === partNumber);
    if (part === undefined || part.bytes < fullBytes) {
      const start = bytesOf(uploaded);
      const read = await readSaved(start, start + fullBytes, pieces);
      const found = describePieces(partNumber, read.pieces);
      if (found.bytes > (part?.bytes ?? 0)) {
        part = found;
        missing.set(
          partNumber,
          read.pieces.map(({ bytes }) => bytes),
        );
        facts = read.facts ?? facts;
      }
    }
    if (part !== undefined) uploaded.push(part);
    isFull = part !== undefined && part.bytes >= fullBytes;
  }
  return { uploaded, missing, facts: factsAt(bytesOf(uploaded), pieces) ?? facts };
}

/** The saved bytes between two offsets of the file, up to the first gap, and what the last of them says of it. */
async function readSaved(
  from: number,
  to: number,
  saved: readonly SavedPiece[],
): Promise<{ readonly pieces: readonly CheckedBytes[]; readonly facts: SavedFacts | undefined }> {
  const wanted = continuation(
    from,
    saved.filter(({ offset }) => offset < to),
  );
  const pieces: CheckedBytes[] = [];
  let at = from;
  let facts: SavedFacts | undefined;
  reading: for (let i = 0; i < wanted.length; i += READS_AT_ONCE) {
    const batch = wanted.slice(i, i + READS_AT_ONCE);
    const read = await Promise.all(batch.map(({ range }) => range.read()));
    for (const [n, one] of read.entries()) {
      if (one === undefined) break reading;
      const piece = one.bytes.subarray(batch[n]?.skipBytes).subarray(0, to - at);
      // What is taken whole was checked when it was read.
      pieces.push(piece.length === one.bytes.length ? one : checked(piece));
      at += piece.length;
      facts = one.facts ?? facts;
    }
  }
  return { pieces, facts };
}

/** What the last of the pieces that the file holds whole says of it. */
function factsAt(fileBytes: number, pieces: readonly SavedPiece[]): SavedFacts | undefined {
  const held = pieces.filter(
    ({ offset, bytes, facts }) => facts !== undefined && offset + bytes <= fileBytes,
  );
  return held.toSorted((a, b) => a.offset + a.bytes - b.offset - b.bytes).at(-1)?.facts;
}
