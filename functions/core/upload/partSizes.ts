/** S3 parts grow by their first size every so many, so that 10,000 hold 25 times 10,000 first sizes and more. */
const GROW_EVERY_PARTS = 2_500;

/** How many bytes a recorder fills into an S3 part before it uploads it; only the last one has fewer. */
export function s3PartBytes(partNumber: number, partBytes: number): number {
  return partBytes * (1 + Math.floor((partNumber - 1) / GROW_EVERY_PARTS));
}
